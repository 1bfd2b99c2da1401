//! Every scenario that ships with the project holds, and every one of its expectations is one that can fail.

use std::path::{Path, PathBuf};
use tools::scenario::script::{Action, Consequence, LevelText, Look, Script};
use tools::scenario::{parser, trial};
use wire::Price;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let entries = std::fs::read_dir(&folder).expect("the project has a folder scenarios/");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "scn"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no scenario file", folder.display());
    files
}

fn scripts() -> Vec<(PathBuf, Script)> {
    let read = |file: PathBuf| {
        let scripts = parser::read(&file).unwrap_or_else(|error| panic!("{error}"));
        scripts.into_iter().map(move |script| (file.clone(), script))
    };
    files().into_iter().flat_map(read).collect()
}

#[test]
fn every_shipped_scenario_holds() {
    for (file, script) in scripts() {
        if let Err(mismatch) = trial::run(&script) {
            panic!("{}: {}: {mismatch}", file.display(), script.name);
        }
    }
}

#[test]
fn every_shipped_scenario_says_something() {
    for (file, script) in scripts() {
        let says = script.steps.iter().any(|step| match &step.action {
            Action::Send { expected, .. } => !expected.is_empty(),
            Action::Look(_) => true,
        });
        assert!(says, "{}: {} expects nothing", file.display(), script.name);
        assert!(!script.tags.is_empty(), "{}: {} has no tags", file.display(), script.name);
    }
}

#[test]
fn every_expectation_can_fail() {
    let mut wrong_count = 0;
    for (file, script) in scripts() {
        for (line, wrong) in falsified(&script) {
            wrong_count += 1;
            let Err(mismatch) = trial::run(&wrong) else {
                panic!("{}:{line}: {} holds with this line falsified", file.display(), script.name);
            };
            assert_eq!(mismatch.line, line, "{}: {}: {mismatch}", file.display(), script.name);
        }
    }
    assert!(wrong_count > 1_000, "expected thousands of falsified lines, found {wrong_count}");
}

/// The script once for each way of making one of its lines wrong, with that line.
fn falsified(script: &Script) -> Vec<(usize, Script)> {
    let mut all = Vec::new();
    for (number, step) in script.steps.iter().enumerate() {
        let mut with = |line: usize, action: Action| {
            let mut wrong = script.clone();
            wrong.steps[number].action = action;
            all.push((line, wrong));
        };
        match &step.action {
            Action::Look(look) => wrong_looks(look).into_iter().for_each(|look| with(step.line, Action::Look(look))),
            Action::Send { input, expected } => {
                for (line, lines) in wrong_lines(step.line, expected) {
                    with(line, Action::Send { input: input.clone(), expected: lines });
                }
            }
        }
    }
    all
}

type Lines = Vec<(usize, Consequence)>;

fn wrong_lines(input_line: usize, lines: &Lines) -> Vec<(usize, Lines)> {
    let mut all = Vec::new();
    for (at, (line, consequence)) in lines.iter().enumerate() {
        // One line may stand for thousands of trades; one of them is enough.
        if at > 0 && lines[at - 1] == lines[at] && lines.len() > 100 {
            continue;
        }
        for wrong in wrong_consequences(consequence) {
            let mut changed = lines.clone();
            changed[at].1 = wrong;
            all.push((*line, changed));
        }
        // Asked for twice: the second one is not there.
        let mut doubled = lines.clone();
        doubled.insert(at + 1, (*line, consequence.clone()));
        if lines.get(at + 1).is_none_or(|(_, next)| next != consequence) {
            all.push((*line, doubled));
        }
        // Left out: something happens that no line speaks of. Without any line, a refusal or a quiet acceptance may pass.
        let may_pass = lines.len() == 1 && matches!(consequence, Consequence::Quiet | Consequence::Reject { .. });
        if at + 1 == lines.len() && !may_pass {
            let mut shortened = lines.clone();
            shortened.pop();
            let told_at = shortened.last().map_or(input_line, |&(line, _)| line);
            all.push((told_at, shortened));
        }
    }
    if lines.is_empty() {
        let never = Consequence::Trade { maker: None, taker: None, price: None, qty: None };
        all.push((input_line, vec![(input_line, never)]));
    }
    all
}

fn wrong_consequences(consequence: &Consequence) -> Vec<Consequence> {
    let other_id = |id: &Option<String>| id.as_ref().map(|id| format!("{id}x"));
    let other_qty = |qty: Option<u64>| qty.map(|qty| qty + 1);
    let mut all = match consequence {
        Consequence::Trade { maker, taker, price, qty } => {
            let (maker, taker, price, qty) = (maker.clone(), taker.clone(), *price, *qty);
            let trade = |maker, taker, price, qty| Consequence::Trade { maker, taker, price, qty };
            let mut all = vec![Consequence::Quiet, Consequence::Expire { id: taker.clone(), qty: None }];
            if maker.is_some() {
                all.push(trade(other_id(&maker), taker.clone(), price, qty));
                all.push(trade(taker.clone(), maker.clone(), price, qty));
            }
            if let Some(Price(price)) = price {
                all.push(trade(maker.clone(), taker.clone(), Some(Price(price + 1)), qty));
            }
            if qty.is_some() {
                all.push(trade(maker, taker, price, other_qty(qty)));
            }
            all
        }
        Consequence::Expire { id, qty } => vec![
            Consequence::Cancelled { id: id.clone(), qty: *qty },
            Consequence::Expire { id: other_id(id), qty: *qty },
            Consequence::Quiet,
        ],
        Consequence::Cancelled { id, qty } => vec![
            Consequence::Expire { id: id.clone(), qty: *qty },
            Consequence::Cancelled { id: other_id(id), qty: *qty },
            Consequence::Quiet,
        ],
        Consequence::Reject { reason: Some(reason) } => {
            vec![Consequence::Quiet, Consequence::Reject { reason: Some(format!("{reason}x")) }]
        }
        Consequence::Reject { reason: None } => vec![Consequence::Quiet],
        Consequence::Quiet => vec![Consequence::Reject { reason: None }],
    };
    match consequence {
        Consequence::Expire { id, qty: Some(qty) } => {
            all.push(Consequence::Expire { id: id.clone(), qty: Some(qty + 1) });
        }
        Consequence::Cancelled { id, qty: Some(qty) } => {
            all.push(Consequence::Cancelled { id: id.clone(), qty: Some(qty - 1) });
        }
        _ => {}
    }
    all
}

fn wrong_looks(look: &Look) -> Vec<Look> {
    match look {
        Look::Book { bids, asks } => {
            let wrong_bids = wrong_levels(bids).into_iter().map(|bids| Look::Book { bids, asks: asks.clone() });
            let wrong_asks = wrong_levels(asks).into_iter().map(|asks| Look::Book { bids: bids.clone(), asks });
            wrong_bids.chain(wrong_asks).collect()
        }
        Look::Queue { side, price, ids } => {
            let wrong = wrong_ids(ids).into_iter().map(|ids| Look::Queue { side: *side, price: *price, ids });
            wrong.collect()
        }
        Look::Stops { ids } => {
            // Whatever their order, so turned round they are the same.
            let is_wrong = |wrong: &Vec<String>| wrong.len() != ids.len();
            wrong_ids(ids).into_iter().filter(is_wrong).map(|ids| Look::Stops { ids }).collect()
        }
    }
}

fn wrong_ids(ids: &[String]) -> Vec<Vec<String>> {
    let more: Vec<String> = ids.iter().cloned().chain(["spare".to_owned()]).collect();
    let fewer = ids.split_last().map(|(_, rest)| rest.to_vec());
    let turned: Vec<String> = ids.iter().rev().cloned().collect();
    let turned = (turned != ids).then_some(turned);
    [Some(more), fewer, turned].into_iter().flatten().collect()
}

fn wrong_levels(side: &Option<Vec<LevelText>>) -> Vec<Option<Vec<LevelText>>> {
    let Some(levels) = side else { return Vec::new() };
    let mut all = Vec::new();
    for at in 0..levels.len() {
        let changes: [fn(&mut LevelText); 3] = [
            |level| level.price.0 += 1,
            |level| level.qty += 1,
            |level| level.orders = level.orders.map(|orders| orders + 1),
        ];
        for change in changes {
            let mut wrong = levels.clone();
            change(&mut wrong[at]);
            all.push(Some(wrong));
        }
        let mut wrong = levels.clone();
        wrong.remove(at);
        all.push(Some(wrong));
    }
    if levels.len() > 1 {
        all.push(Some(levels.iter().rev().copied().collect()));
    }
    let spare = LevelText { price: Price(7), qty: 1, orders: Some(1) };
    all.push(Some(levels.iter().copied().chain([spare]).collect()));
    all
}
