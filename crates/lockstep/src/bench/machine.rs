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

/// Reads everything now.
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
    fn numbers_are_read_by_their_whole_name() {
        let text = "rchar: 1\nwrite_bytes: 4096\ncancelled_write_bytes: 7\nVmHWM:\t  2048 kB\n";
        assert_eq!(field(text, "write_bytes:"), Some(4096));
        assert_eq!(field(text, "VmHWM:"), Some(2048));
        assert_eq!(field(text, "VmRSS:"), None);
    }
}
