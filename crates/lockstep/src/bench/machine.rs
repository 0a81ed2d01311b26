//! What a run takes from the machine: processor time, writes, memory. `None` where the system doesn't tell.

use std::path::Path;
use std::time::Duration;

/// Readings at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Readings {
    /// Processor time of this process so far, in the user's and the system's code.
    pub cpu: Option<Duration>,
    /// Bytes that this process has had written to disk so far.
    pub written: Option<u64>,
    /// Bytes in the files of the data folder.
    pub files: u64,
}

impl Readings {
    /// What was taken since earlier readings.
    pub fn since(&self, before: &Self) -> Self {
        Self {
            cpu: self.cpu.zip(before.cpu).map(|(now, then)| now.saturating_sub(then)),
            written: self.written.zip(before.written).map(|(now, then)| now.saturating_sub(then)),
            files: self.files.saturating_sub(before.files),
        }
    }

    /// Both together; unknown where one of them is.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            cpu: self.cpu.zip(other.cpu).map(|(one, other)| one + other),
            written: self.written.zip(other.written).map(|(one, other)| one + other),
            files: self.files + other.files,
        }
    }
}

/// Processor time so far of all processes of a database server on this machine, of which one is given. `None` when it
/// runs elsewhere.
pub fn cpu_of_server(process: i32) -> Option<Duration> {
    let given = Process::read(&process.to_string())?;
    let first = Process::read(&given.parent)?;
    (given.name == SERVER && first.name == SERVER).then_some(())?;
    let all = std::fs::read_dir("/proc").ok()?.flatten();
    let all = all.filter_map(|entry| Process::read(entry.file_name().to_str()?));
    let ticks: u64 = all.filter(|one| one.parent == given.parent).map(|one| one.ticks).sum();
    Some(Duration::from_millis((first.ticks + first.ticks_of_the_ended + ticks) * MS_PER_TICK))
}

const SERVER: &str = "postgres";
/// The unit of `/proc/*/stat` is a hundredth of a second on every Linux.
const MS_PER_TICK: u64 = 10;

/// A line of `/proc/*/stat`.
struct Process {
    name: String,
    parent: String,
    ticks: u64,
    ticks_of_the_ended: u64,
}

impl Process {
    fn read(number: &str) -> Option<Self> {
        number.parse::<u32>().ok()?;
        Self::of(&std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?)
    }

    /// `number (name) state parent …`; a name may hold anything, even brackets.
    fn of(line: &str) -> Option<Self> {
        let (before, after) = line.rsplit_once(") ")?;
        let fields: Vec<_> = after.split(' ').collect();
        let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
        Some(Self {
            name: before.split_once('(')?.1.to_owned(),
            parent: (*fields.get(1)?).to_owned(),
            ticks: ticks(11)? + ticks(12)?,
            ticks_of_the_ended: ticks(13)? + ticks(14)?,
        })
    }
}

/// Reads everything of this process now.
pub fn read(folder: &Path) -> Readings {
    let written = std::fs::read_to_string("/proc/self/io").ok().and_then(|text| field(&text, "write_bytes:"));
    Readings { cpu: cpu(), written, files: size_of(folder) }
}

/// Memory in use now and at most, in MiB.
pub fn memory_mib() -> (Option<u64>, Option<u64>) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mib = |name| field(&status, name).map(|kib| kib / 1024);
    (mib("VmRSS:"), mib("VmHWM:"))
}

/// Whether a folder lies in memory, where no write ever reaches a disk.
pub fn lies_in_memory(folder: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        // TMPFS_MAGIC of `linux/magic.h`; the field's width differs between processors.
        rustix::fs::statfs(folder).is_ok_and(|found| found.f_type == 0x0102_1994)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

#[cfg(unix)]
fn cpu() -> Option<Duration> {
    // The same as user and system time of getrusage together, only finer.
    let passed = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(passed.tv_sec).ok()?, u32::try_from(passed.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn cpu() -> Option<Duration> {
    None
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}

/// The number behind a name at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_from_its_line() {
        let line = "812 (postgres: a) b) S 77 812 812 0 -1 4194560 900 0 1 0 30 12 5 2 20 0 1 0 99 1 1";
        let found = Process::of(line).unwrap();
        assert_eq!((found.name.as_str(), found.parent.as_str()), ("postgres: a) b", "77"));
        assert_eq!((found.ticks, found.ticks_of_the_ended), (42, 7));
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        let known = Readings { cpu: Some(Duration::from_secs(3)), written: Some(9), files: 4 };
        let half = Readings { written: None, ..known };
        assert_eq!(known.since(&half).written, None);
        assert_eq!((known.plus(&known).written, half.plus(&known).written), (Some(18), None));
    }

    #[test]
    fn numbers_are_read_by_their_whole_name() {
        let text = "rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 7\nVmHWM:\t  2048 kB\n";
        assert_eq!(field(text, "write_bytes:"), Some(4096));
        assert_eq!(field(text, "VmHWM:"), Some(2048));
        assert_eq!(field(text, "VmRSS:"), None);
    }
}
