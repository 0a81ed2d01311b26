//! Figures a lender decides by: policies side by side on one world ([`compare`]), and what other choices would have
//! collected on the lender's own log ([`replay`]). No I/O but what is handed in; the binary reads and writes files.

pub mod compare;
pub mod replay;
pub mod report;
