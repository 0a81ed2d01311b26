//! A self-contained HTML page with charts as inline SVG: one file that can be mailed, archived and printed. It loads
//! nothing, runs nothing (its content security policy forbids scripts and allows its one style sheet by hash), shows
//! every text escaped, and follows the reader's light or dark setting.
//!
//! ```
//! use lockstep_core::catalogue::Lang;
//! use lockstep_evidence::report::{Bar, Bars, Column, Page, Table, Unit};
//!
//! let html = Page::new("Policies side by side", Lang::En)
//!     .lede("One world, the same arrivals.")
//!     .section("Collected within ten days")
//!     .text("Higher is better.")
//!     .chart(Bars::new("Share collected", Unit::Percent).row(Bar::new("ours", 0.973).interval(0.971, 0.975)))
//!     .table(Table::new("The same in figures", [Column::text("policy"), Column::number("collected")])
//!         .row(["ours", "97.3 %"]))
//!     .render();
//! assert!(html.starts_with("<!DOCTYPE html>"));
//! ```

#![allow(clippy::float_arithmetic, reason = "charts are drawn, nothing is booked: a pixel may be rounded")]

mod chart;
mod escape;
mod number;
mod page;
mod table;

pub use chart::{Axis, Bar, Bars, Chart, Lines, Multiples, Series, Stack};
pub use number::Unit;
pub use page::{Figure, Page, Tone};
pub use table::{Cell, Column, Table};

pub use number::{grouped, percent};

#[cfg(test)]
mod tests;
