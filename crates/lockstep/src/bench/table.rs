//! The figures for people.

use comfy_table::{Cell, CellAlignment, Table, presets};
use lockstep_core::catalogue::Lang;

use crate::bench::figures::Figures;
use crate::table::{grouped, say};

/// The table as text.
pub fn render(figures: &Figures, lang: Lang) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    for (name, value) in rows(figures, lang) {
        table.add_row(vec![Cell::new(name), Cell::new(value).set_alignment(CellAlignment::Right)]);
    }
    format!("\n{}\n\n{table}\n", title(figures, lang))
}

fn title(figures: &Figures, lang: Lang) -> String {
    let (payments, seconds) = (grouped(figures.payments), figures.wall_s);
    let (clients, store) = (grouped(u64::from(figures.clients)), figures.store);
    match lang {
        Lang::ZhCn => format!("{store} · {clients} 个客户端 · {payments} 笔支付，用时 {seconds:.1} 秒"),
        Lang::En => format!("{store} · {clients} clients · {payments} payments in {seconds:.1} s"),
    }
}

fn rows(figures: &Figures, lang: Lang) -> Vec<(String, String)> {
    let three = |p50: f64, p99: f64, p999: f64| format!("{p50:.1} / {p99:.1} / {p999:.1} ms");
    let unknown = || "–".to_owned();
    let named = |zh, en| say(lang, zh, en).to_owned();
    let accept = three(figures.accept_p50_ms, figures.accept_p99_ms, figures.accept_p999_ms);
    let settle = three(figures.settle_p50_ms, figures.settle_p99_ms, figures.settle_p999_ms);
    let cpu = figures.cpu_ms_per_payment.map_or_else(unknown, |ms| format!("{ms:.2} ms"));
    let bytes = |count: u64| format!("{} B", grouped(count));
    let mib = |count: Option<u64>| count.map_or_else(unknown, |count| format!("{} MiB", grouped(count)));
    let mut rows = vec![
        (named("每秒结清（笔）", "settled per second"), format!("{:.0}", figures.payments_per_s)),
        (named("受理 p50 / p99 / p99.9", "accepted in, p50 / p99 / p99.9"), accept),
        (named("受理到结清 p50 / p99 / p99.9", "settled after, p50 / p99 / p99.9"), settle),
        (
            named("其后推送完毕", "every webhook out after another"),
            format!("{:.1} s", figures.webhooks_after_s),
        ),
        (named("每笔处理器时间（含客户端）", "processor time each, clients included"), cpu),
        (
            named("每笔写盘", "written to disk each"),
            figures.bytes_written_per_payment.map_or_else(unknown, bytes),
        ),
        (named("每笔文件增长", "files grown by, each"), bytes(figures.file_growth_per_payment)),
        (
            named("内存：当前 / 峰值", "memory: now / at most"),
            format!("{} / {}", mib(figures.rss_mb), mib(figures.rss_peak_mb)),
        ),
    ];
    if let (Some(tps), Some(ratio)) = (figures.pgbench_tps, figures.ratio_to_pgbench) {
        rows.push((named("pgbench 每秒事务数", "pgbench, transactions per second"), format!("{tps:.0}")));
        rows.push((
            named("每个 pgbench 事务对应的支付", "payments per pgbench transaction"),
            format!("{ratio:.2}"),
        ));
    }
    for (status, count) in &figures.errors {
        rows.push((format!("{} {status}", say(lang, "未受理：", "not accepted:")), grouped(*count)));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn both_languages_show_every_figure_and_the_errors() {
        let figures = Figures {
            store: "sqlite",
            clients: 64,
            payments: 20_000,
            wall_s: 8.04,
            payments_per_s: 2487.6,
            accept_p50_ms: 3.25,
            accept_p99_ms: 9.0,
            accept_p999_ms: 21.0,
            settle_p50_ms: 24.0,
            settle_p99_ms: 40.0,
            settle_p999_ms: 50.0,
            webhooks_after_s: 0.5,
            cpu_ms_per_payment: None,
            bytes_written_per_payment: Some(12_345),
            file_growth_per_payment: 6789,
            rss_mb: Some(80),
            rss_peak_mb: Some(1090),
            pgbench_tps: Some(1640.2),
            ratio_to_pgbench: Some(1.517),
            errors: BTreeMap::from([("429".to_owned(), 7)]),
        };
        let en = render(&figures, Lang::En);
        for part in [
            "20,000 payments in 8.0 s",
            "2488",
            "9.0",
            "1640",
            "1.52",
            "12,345 B",
            "80 MiB / 1,090 MiB",
            "accepted: 429",
        ] {
            assert!(en.contains(part), "{part} is missing in {en}");
        }
        let zh = render(&figures, Lang::ZhCn);
        for part in ["64 个客户端", "每秒结清", "未受理： 429"] {
            assert!(zh.contains(part), "{part} is missing in {zh}");
        }
    }
}
