//! Records out of a byte stream with bounded memory: a quote that is never closed costs one row, not the file.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Longest physical line, and longest record with quoted line breaks.
pub const MAX_RECORD: usize = 64 * 1024;
/// A quoted field may span this many lines.
const MAX_LINES: usize = 40;
const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// One record, split into fields.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// The fields as bytes, trimmed of outer white space.
    Fields(Vec<Vec<u8>>),
    /// A line or record over [`MAX_RECORD`].
    TooLong,
    /// A quote that isn't closed.
    OpenQuote,
}

/// Reads records with their first line's number, from 1.
pub(super) struct Lines<R> {
    input: R,
    next_line: u64,
    waiting: VecDeque<(u64, Option<Vec<u8>>)>,
    delimiter: u8,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    /// From the start of a file. The delimiter is found in the first line if it isn't given: whichever of comma,
    /// semicolon, tab and bar occurs most often there.
    ///
    /// # Errors
    /// When reading fails.
    pub(super) fn new(input: R, delimiter: Option<u8>) -> io::Result<Self> {
        let mut lines = Self { input, next_line: 1, waiting: VecDeque::new(), delimiter: b',', read: 0 };
        if let Some((number, mut first)) = lines.physical()? {
            if let Some(bytes) = first.as_mut() {
                if bytes.starts_with(UTF8_MARK) {
                    bytes.drain(..UTF8_MARK.len());
                }
                lines.delimiter = delimiter.unwrap_or_else(|| likely_delimiter(bytes));
            }
            lines.waiting.push_back((number, first));
        }
        Ok(lines)
    }

    /// The delimiter in use.
    pub(super) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Bytes read so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.read
    }

    /// The next record that isn't empty.
    ///
    /// # Errors
    /// When reading fails.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Record)>> {
        loop {
            let Some((number, line)) = self.take()? else { return Ok(None) };
            let Some(line) = line else { return Ok(Some((number, Record::TooLong))) };
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some((number, self.record(line)?)));
        }
    }

    fn record(&mut self, first: Vec<u8>) -> io::Result<Record> {
        let mut text = first;
        let mut borrowed: Vec<(u64, Option<Vec<u8>>)> = Vec::new();
        loop {
            if let Some(fields) = split(&text, self.delimiter) {
                return Ok(Record::Fields(fields));
            }
            let next = if borrowed.len() < MAX_LINES { self.take()? } else { None };
            let fits = |line: &[u8]| text.len() + line.len() < MAX_RECORD;
            match next {
                Some((number, Some(line))) if fits(&line) => {
                    text.push(b'\n');
                    text.extend_from_slice(&line);
                    borrowed.push((number, Some(line)));
                }
                other => {
                    // What was borrowed is given back: the quote was a mistake of the first line alone.
                    borrowed.extend(other);
                    for line in borrowed.into_iter().rev() {
                        self.waiting.push_front(line);
                    }
                    return Ok(Record::OpenQuote);
                }
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<(u64, Option<Vec<u8>>)>> {
        match self.waiting.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.physical(),
        }
    }

    /// One line without its end; `None` inside for one that is too long, which is skipped to its end.
    fn physical(&mut self) -> io::Result<Option<(u64, Option<Vec<u8>>)>> {
        let (mut line, mut too_long, mut any) = (Vec::new(), false, false);
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if line.len() + part.len() > MAX_RECORD {
                too_long = true;
                line = Vec::new();
            } else if !too_long {
                line.extend_from_slice(part);
            }
            let used = end.map_or(chunk.len(), |index| index + 1);
            self.input.consume(used);
            self.read += used as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let number = self.next_line;
        self.next_line += 1;
        Ok(Some((number, (!too_long).then_some(line))))
    }
}

fn likely_delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// Splits a record; `None` while a quote is open. A quote inside an unquoted field is an ordinary character.
fn split(text: &[u8], delimiter: u8) -> Option<Vec<Vec<u8>>> {
    let mut fields = Vec::new();
    let mut field = Vec::new();
    let mut bytes = text.iter().copied().peekable();
    let (mut quoted, mut fresh) = (false, true);
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => {
                bytes.next();
                field.push(b'"');
            }
            b'"' if quoted => quoted = false,
            b'"' if fresh => {
                quoted = true;
                fresh = false;
                field.clear();
            }
            _ if byte == delimiter && !quoted => {
                fields.push(trimmed(&field));
                field.clear();
                fresh = true;
            }
            _ => {
                fresh = fresh && byte.is_ascii_whitespace() && byte != b'\n';
                field.push(byte);
            }
        }
    }
    if quoted {
        return None;
    }
    fields.push(trimmed(&field));
    Some(fields)
}

fn trimmed(field: &[u8]) -> Vec<u8> {
    field.trim_ascii().to_vec()
}
