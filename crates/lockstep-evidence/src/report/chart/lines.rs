//! Lines over time, a number or named places, with bands for intervals and marked spans.

use std::fmt::Write as _;

use super::super::escape::{cut, svg_text};
use super::super::number::{Unit, round_range, ticks};
use super::{COLOURS, open, tip};

/// Size of a chart that fills the page's width.
pub(super) const WIDE: (f64, f64) = (760.0, 260.0);
const DAY_MS: f64 = 86_400_000.0;

/// What runs along the foot.
#[derive(Debug, Clone)]
pub enum Axis {
    /// Milliseconds of wall time since 1970-01-01 in the reader's zone (shift them before).
    LocalTime,
    /// A number with its name.
    Number(String),
    /// Named places; x is the index.
    Places(Vec<String>),
}

/// One line.
#[derive(Debug, Clone)]
pub struct Series {
    pub(super) name: String,
    points: Vec<(f64, f64)>,
    band: Vec<(f64, f64, f64)>,
}

impl Series {
    /// Points (x, y) in order of x. A y that isn't finite interrupts the line.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect(), band: Vec::new() }
    }

    /// Where the truth plausibly lies: (x, low, high) in order of x.
    #[must_use]
    pub fn band(mut self, band: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        let finite = |(x, low, high): &(f64, f64, f64)| x.is_finite() && low.is_finite() && high.is_finite();
        self.band = band.into_iter().filter(finite).collect();
        self
    }
}

/// Lines under construction.
#[derive(Debug, Clone)]
pub struct Lines {
    pub(super) title: String,
    pub(super) note: String,
    axis: Axis,
    unit: Unit,
    pub(super) series: Vec<Series>,
    spans: Vec<(f64, f64, String)>,
    from_zero: bool,
}

impl Lines {
    /// No lines yet.
    pub fn new(title: impl Into<String>, axis: Axis, unit: Unit) -> Self {
        Self {
            title: title.into(),
            note: String::new(),
            axis,
            unit,
            series: Vec::new(),
            spans: Vec::new(),
            from_zero: true,
        }
    }

    /// A line.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// A marked stretch from x to x with its name, e.g. an outage.
    #[must_use]
    pub fn span(mut self, from: f64, to: f64, name: impl Into<String>) -> Self {
        if from.is_finite() && to.is_finite() {
            self.spans.push((from, to, name.into()));
        }
        self
    }

    /// Lets the upright axis begin where the values do instead of at zero.
    #[must_use]
    pub const fn zoomed(mut self) -> Self {
        self.from_zero = false;
        self
    }

    /// A small line below.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Lowest and highest y of everything drawn.
    pub(super) fn reach(&self) -> (f64, f64) {
        let points = self.series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y));
        let bands =
            self.series.iter().flat_map(|series| series.band.iter().flat_map(|(_, low, high)| [*low, *high]));
        let start = if self.from_zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
        points
            .chain(bands)
            .filter(|y| y.is_finite())
            .fold(start, |(low, high): (f64, f64), y| (low.min(y), high.max(y)))
    }

    pub(super) fn render(&self, out: &mut String, (width, height): (f64, f64), shared: Option<(f64, f64)>) {
        let (low, high) = shared.unwrap_or_else(|| self.reach());
        let (bottom, top, step) = round_range(low, high, 4.0);
        let (left, right, upper, foot) = (52.0, width - 14.0, 10.0, height - 24.0);
        let xs = || {
            self.series
                .iter()
                .flat_map(|series| series.points.iter().map(|(x, _)| *x))
                .filter(|x| x.is_finite())
        };
        let (from, to) = (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max));
        let (from, to) = if to > from { (from, to) } else { (from.min(0.0), from.max(0.0) + 1.0) };
        let across = |x: f64| left + ((x - from) / (to - from)).clamp(0.0, 1.0) * (right - left);
        let up = |y: f64| foot - (y - bottom) / (top - bottom) * (foot - upper);
        open(out, width, height, &self.title);
        for tick in ticks(bottom, top, step) {
            let y = up(tick);
            let _ = write!(
                out,
                "<line class=\"axis\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>"
            );
            svg_text(out, "faint end", left - 6.0, y + 4.0, &self.unit.tick(tick, step));
        }
        for (x, words) in self.marks(from, to, width) {
            svg_text(out, "faint mid", across(x), height - 7.0, &words);
        }
        for (start, end, name) in &self.spans {
            let (x, wide) = (across(*start), (across(*end) - across(*start)).max(2.0));
            let _ = write!(
                out,
                "<rect class=\"span\" x=\"{x:.1}\" y=\"{upper}\" width=\"{wide:.1}\" height=\"{:.1}\">",
                foot - upper
            );
            tip(out, name);
            out.push_str("</rect>");
        }
        for (index, series) in self.series.iter().enumerate() {
            let colour = index % COLOURS;
            series.draw_band(out, colour, &across, &up);
            series.draw_line(out, colour, &across, &up);
            self.dots(out, series, colour, &across, &up);
        }
        out.push_str("</svg>");
    }

    /// Invisible or small targets that tell a resting pointer the value.
    fn dots(
        &self,
        out: &mut String,
        series: &Series,
        colour: usize,
        across: &impl Fn(f64) -> f64,
        up: &impl Fn(f64) -> f64,
    ) {
        if series.points.len() > 240 {
            return;
        }
        for (x, y) in series.points.iter().filter(|(_, y)| y.is_finite()) {
            let _ = write!(
                out,
                "<circle class=\"f{colour}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.2\">",
                across(*x),
                up(*y)
            );
            tip(out, &format!("{} {}: {}", series.name, self.place(*x), self.unit.show(*y)));
            out.push_str("</circle>");
        }
    }

    fn place(&self, x: f64) -> String {
        match &self.axis {
            Axis::LocalTime => moment(x, true),
            Axis::Number(name) => {
                format!("{name} {}", Unit::Decimal(2).tick(x, x.fract().abs().max(0.001) * 1000.0))
            }
            Axis::Places(names) => names.get(x.max(0.0) as usize).cloned().unwrap_or_default(),
        }
    }

    fn marks(&self, from: f64, to: f64, width: f64) -> Vec<(f64, String)> {
        let wanted = (width / 95.0).floor().max(2.0);
        match &self.axis {
            Axis::LocalTime => {
                let hours = [1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 72.0, 168.0, 336.0, 672.0, 2016.0, 8760.0];
                let step = hours
                    .into_iter()
                    .map(|hours| hours * DAY_MS / 24.0)
                    .find(|step| (to - from) / step <= wanted)
                    .unwrap_or((to - from) / wanted);
                let first = (from / step).ceil() * step;
                ticks(first, to, step).map(|x| (x, moment(x, step < DAY_MS))).collect()
            }
            Axis::Number(_) => {
                let (first, last, step) = round_range(from, to, wanted);
                let inside = ticks(first, last, step).filter(|x| *x >= from - 1e-9 && *x <= to + 1e-9);
                inside.map(|x| (x, Unit::Decimal(if step < 0.1 { 2 } else { 1 }).tick(x, step))).collect()
            }
            Axis::Places(names) => {
                let every = (names.len() as f64 / (width / 52.0)).ceil().max(1.0) as usize;
                let named = names.iter().enumerate().step_by(every);
                named.map(|(index, name)| (index as f64, cut(name, 8 * every))).collect()
            }
        }
    }
}

impl Series {
    fn draw_band(
        &self,
        out: &mut String,
        colour: usize,
        across: &impl Fn(f64) -> f64,
        up: &impl Fn(f64) -> f64,
    ) {
        if self.band.len() < 2 {
            return;
        }
        let _ = write!(out, "<path class=\"band f{colour}\" d=\"");
        for (index, (x, _, high)) in self.band.iter().enumerate() {
            let _ = write!(out, "{}{:.1} {:.1}", if index == 0 { 'M' } else { 'L' }, across(*x), up(*high));
        }
        for (x, low, _) in self.band.iter().rev() {
            let _ = write!(out, "L{:.1} {:.1}", across(*x), up(*low));
        }
        out.push_str("Z\"/>");
    }

    fn draw_line(
        &self,
        out: &mut String,
        colour: usize,
        across: &impl Fn(f64) -> f64,
        up: &impl Fn(f64) -> f64,
    ) {
        let _ = write!(out, "<path class=\"line l{colour}\" d=\"");
        let mut pen_down = false;
        for (x, y) in &self.points {
            if x.is_finite() && y.is_finite() {
                let _ = write!(out, "{}{:.1} {:.1}", if pen_down { 'L' } else { 'M' }, across(*x), up(*y));
                pen_down = true;
            } else {
                pen_down = false;
            }
        }
        out.push_str("\"/>");
    }
}

/// Wall time in words. Years are left out where the day is enough to know where one is.
fn moment(local_ms: f64, with_time: bool) -> String {
    let millis = local_ms.clamp(-6.0e13, 2.5e14) as i64;
    let Ok(moment) = jiff::Timestamp::from_millisecond(millis) else {
        return String::new();
    };
    let civil = moment.to_zoned(jiff::tz::TimeZone::UTC);
    if with_time { civil.strftime("%m-%d %H:%M").to_string() } else { civil.strftime("%m-%d").to_string() }
}
