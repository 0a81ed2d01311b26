//! `lockstep nodes`: who shares the database, and how much each looks after.

use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use lockstep_core::catalogue::Lang;
use lockstep_core::fleet::{BEAT_EVERY, NodeNo, Register};
use lockstep_store::PostgresStore;
use serde::Serialize;

use crate::cli::NodesArgs;
use crate::foundation::{StartProblem, configuration};

/// Long enough to hear whoever lives.
const LISTEN_FOR: Duration = BEAT_EVERY.saturating_mul(3);

/// One node, as it is shown.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Shown {
    number: i64,
    name: String,
    address: String,
    buckets: usize,
    /// Whether it said that it lives while we listened.
    heard: bool,
}

/// Listens for a moment and shows the nodes.
///
/// # Errors
/// [`StartProblem`] that says what is wrong.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn run(args: &NodesArgs) -> Result<(), StartProblem> {
    let Some(url) = configuration(&args.place)?.data.database else {
        let words = "an embedded database belongs to one process. Name a shared one with --database or LOCKSTEP_DATABASE";
        return Err(StartProblem::Usage(words.to_owned()));
    };
    let before = PostgresStore::register(url.expose()).await?;
    tokio::time::sleep(LISTEN_FOR).await;
    let after = PostgresStore::register(url.expose()).await?;
    let (nodes, free) = (shown(&before, &after), after.free().len());
    if args.json {
        let json = serde_json::json!({ "nodes": nodes, "free_buckets": free });
        println!("{}", serde_json::to_string_pretty(&json).unwrap_or_default());
    } else {
        println!("{}", table(&nodes, free, args.lang.into()));
    }
    Ok(())
}

fn shown(before: &Register, after: &Register) -> Vec<Shown> {
    let beats = |no: NodeNo| before.nodes.iter().find(|node| node.no == no).map(|node| node.beats);
    let shown = after.nodes.iter().map(|node| Shown {
        number: node.no.0,
        name: node.name.clone(),
        address: node.address.clone(),
        buckets: after.held_by(node.no).len(),
        heard: beats(node.no).is_none_or(|beats| node.beats > beats),
    });
    shown.collect()
}

fn table(nodes: &[Shown], free: usize, lang: Lang) -> String {
    let (header, lives, silent, nobodys) = match lang {
        Lang::ZhCn => {
            (["编号", "节点", "地址", "负责的分桶", "状态"], "在线", "无心跳", "暂无节点负责的分桶")
        }
        Lang::En => (
            ["No.", "Node", "Address", "Buckets", "State"],
            "lives",
            "silent",
            "buckets that nobody looks after",
        ),
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    for node in nodes {
        let state = if node.heard { lives } else { silent };
        table.add_row([
            Cell::new(node.number).set_alignment(CellAlignment::Right),
            Cell::new(&node.name),
            Cell::new(&node.address),
            Cell::new(node.buckets).set_alignment(CellAlignment::Right),
            Cell::new(state),
        ]);
    }
    match free {
        0 => table.to_string(),
        free => format!("{table}\n{free} {nobodys}"),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::fleet::{Buckets, NodeEntry};

    use super::*;

    #[test]
    fn who_says_nothing_is_shown_as_silent() {
        let node = |no, beats| NodeEntry {
            no: NodeNo(no),
            name: format!("node-{no}"),
            address: "http://10.0.0.7:7300".to_owned(),
            beats,
        };
        let before = Register { nodes: vec![node(1, 5), node(2, 9)], held: Vec::new() };
        let held = vec![(NodeNo(1), Buckets::ALL)];
        let after = Register { nodes: vec![node(1, 8), node(2, 9), node(3, 0)], held };
        let nodes = shown(&before, &after);
        let heard: Vec<_> = nodes.iter().map(|node| (node.number, node.buckets, node.heard)).collect();
        assert_eq!(heard, [(1, 1024, true), (2, 0, false), (3, 0, true)]);
        assert!(table(&nodes, 0, Lang::En).contains("silent"));
        assert!(table(&nodes, 7, Lang::ZhCn).ends_with("7 暂无节点负责的分桶"));
    }
}
