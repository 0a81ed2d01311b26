//! A second opinion, of a real planner: on tables in parts by a hash of the bucket, what has no objection touches one part of a
//! table. Parts are ruled out from values, as shards are.

#[path = "../../../tests/server/mod.rs"]
mod server;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::{DISTRIBUTED, all_statements, deliveries, effects, groups, objection, tables, words};

#[tokio::test]
async fn one_part_of_a_table_is_enough() {
    let url = server::empty_database().await;
    crate::PostgresStore::migrate(&url, false).await.unwrap();
    let client = server::connect(&url).await;
    for table in DISTRIBUTED {
        let mut sql = format!(
            "ALTER TABLE {table} RENAME TO whole_{table};
             CREATE TABLE {table} (LIKE whole_{table} INCLUDING ALL) PARTITION BY HASH (bucket);"
        );
        for part in 0..4 {
            sql += &format!(
                "CREATE TABLE {table}_part{part} PARTITION OF {table} FOR VALUES WITH (MODULUS 4, REMAINDER {part});"
            );
        }
        client.batch_execute(&sql).await.unwrap();
    }
    client.batch_execute("SET plan_cache_mode = force_custom_plan").await.unwrap();
    let mut all = all_statements();
    let stand_ins = all.iter().position(|one| one.text.starts_with("ARRAY(")).unwrap();
    let stand_ins = all.remove(stand_ins).text;
    let texts =
        all.iter().map(|one| one.text.replace("{STAND_INS}", &stand_ins).replace("{table}", "payments"));
    let texts = texts.map(|text| groups::told_outright(&text));
    let texts = texts.chain([effects::tenants_with_work_of_group(), deliveries::due_of_group()]);
    let mut looked_at = 0;
    for text in texts.filter(|text| objection(text).is_none() && !tables(&words(text)).is_empty()) {
        let plan = plan(&client, &text).await;
        for table in DISTRIBUTED {
            let parts = (0..4).filter(|part| plan.contains(&format!(" {table}_part{part}"))).count();
            assert!(parts <= 1, "{parts} parts of {table}: {text}\n{plan}");
            looked_at += parts;
        }
    }
    assert!(looked_at > 40, "only {looked_at} parts were touched");
    let wrong = plan(&client, "SELECT state FROM payments WHERE id = $1").await;
    assert!(wrong.contains("payments_part0") && wrong.contains("payments_part3"), "{wrong}");
}

/// How the server would run a statement, with some value for each of its parameters.
async fn plan(client: &Client, text: &str) -> String {
    let types =
        "SELECT t::text FROM pg_prepared_statements, unnest(parameter_types) WITH ORDINALITY AS p (t, place)
                 WHERE name = 'it' ORDER BY place";
    client
        .batch_execute(&format!("PREPARE it AS {text}"))
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let types = client.query(types, &[]).await.unwrap();
    let values = types.iter().map(|row| match row.get::<_, &str>(0) {
        "boolean[]" => "'{t}'",
        "bytea" => "'x'",
        "bytea[]" => "'{x}'",
        numbers if numbers.ends_with("int[]") || numbers == "integer[]" => "'{5}'",
        texts if texts.ends_with("[]") => "'{a}'",
        "text" => "'a'",
        "boolean" => "TRUE",
        _ => "5",
    });
    let values: Vec<&str> = values.collect();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let explained = client.simple_query(&format!("EXPLAIN (COSTS OFF) EXECUTE it{values}")).await;
    client.batch_execute("DEALLOCATE it").await.unwrap();
    let lines = explained.unwrap_or_else(|error| panic!("{text}: {error}")).into_iter();
    let lines = lines.filter_map(|line| match line {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
