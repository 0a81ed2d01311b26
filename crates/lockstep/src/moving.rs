//! `lockstep move`: from the embedded database to a server.

use indicatif::{ProgressBar, ProgressStyle};
use lockstep_store::transfer;

use crate::cli::MoveArgs;
use crate::foundation::StartProblem;

/// Carries everything over.
///
/// # Errors
/// [`StartProblem`] that says what is wrong; then nothing was kept on the server.
#[expect(clippy::print_stdout, reason = "this is the command's output")]
pub async fn run(args: &MoveArgs) -> Result<(), StartProblem> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg:<16} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    let told = |progress: transfer::Progress| {
        bar.set_message(progress.table);
        bar.set_length(progress.of);
        bar.set_position(progress.done);
    };
    let carried = transfer::sqlite_to_postgres(&args.from, args.to.expose(), told).await;
    bar.finish_and_clear();
    let carried = carried?;
    for one in carried.iter().filter(|one| one.rows > 0) {
        println!("{:<16} {:>12} rows  {}", one.table, one.rows, one.digest);
    }
    println!(
        "everything was carried over and compared. {} serves no more; keep it as a backup",
        args.from.display()
    );
    println!("start with: lockstep serve --database (the same address), with the same key file");
    Ok(())
}
