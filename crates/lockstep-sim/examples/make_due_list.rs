//! Writes a made-up due list with realistic mistakes to standard output; `examples/due-list.csv` was made by it.

#![expect(clippy::print_stdout, reason = "it writes a file to standard output")]

use lockstep_sim::people::{Dice, Person, person};

const BORROWERS: usize = 400;
const ORDERS: usize = 2400;

fn main() {
    let mut dice = Dice::new(20_260_302, "due-list");
    let people: Vec<Person> = (1..=BORROWERS).map(|number| person(&mut dice, number)).collect();
    println!("order,borrower,card_number,holder_name,id_number,mobile,channels,amount,currency,due_date");
    for number in 0..ORDERS {
        let person = &people[number % BORROWERS];
        println!("{}", row(&mut dice, person, number).join(","));
    }
}

fn row(dice: &mut Dice, person: &Person, number: usize) -> [String; 10] {
    let instalment = number / BORROWERS + 1;
    let amount_minor = 20_000 + dice.below(480_000);
    let day = 2 + dice.below(3);
    let mut row = [
        format!("LN{:05}-{instalment:02}", number % BORROWERS + 1),
        person.reference.clone(),
        person.card_number.clone(),
        person.holder_name.clone(),
        person.id_number.clone(),
        person.mobile.clone(),
        "unionpay;netsunion".to_owned(),
        format!("{}.{:02}", amount_minor / 100, amount_minor % 100),
        "CNY".to_owned(),
        format!("2026-03-{day:02}"),
    ];
    dress(dice, &mut row);
    if dice.permille(25) {
        spoil(dice, &mut row);
    }
    row
}

/// Ways of writing that are fine.
fn dress(dice: &mut Dice, row: &mut [String; 10]) {
    match dice.below(40) {
        0 => row[2] = row[2].as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" "),
        1 => row[9] = row[9].replace('-', "/"),
        2 => row[4] = row[4].to_lowercase(),
        3 => row[8].clear(),
        4 => row[6] = "netsunion;unionpay".to_owned(),
        5 => row[7] = row[7].split('.').next().unwrap_or_default().to_owned(),
        _ => {}
    }
}

/// Mistakes that people make.
fn spoil(dice: &mut Dice, row: &mut [String; 10]) {
    match dice.below(16) {
        0 => swap_digits(&mut row[2]),
        1 => {
            row[2].pop();
        }
        2 => row[4].truncate(17),
        3 => row[4].replace_range(6..10, "2035"),
        4 => row[5] = row[5].replacen('1', "2", 1),
        5 => row[5].push('0'),
        6 => row[3] = "王3伟".to_owned(),
        7 => row[3].clear(),
        8 => row[7] = "0".to_owned(),
        9 => row[7] = format!("-{}", row[7]),
        10 => row[7] = "\"1,250.00\"".to_owned(),
        11 => row[7].push('5'),
        12 => row[8] = "RMB".to_owned(),
        13 => row[9] = "02.03.2026".to_owned(),
        14 => row[9] = "2026-02-30".to_owned(),
        _ => row[0].clear(),
    }
}

fn swap_digits(number: &mut String) {
    let digits: Vec<char> = number.chars().collect();
    let at = (6..digits.len() - 1).find(|at| digits[*at] != digits[at + 1]).unwrap_or(6);
    let mut swapped = digits;
    swapped.swap(at, at + 1);
    *number = swapped.into_iter().collect();
}
