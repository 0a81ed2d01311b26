//! A self-contained HTML page with charts as inline SVG, shared by both.
