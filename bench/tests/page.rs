//! The page of a run, seen through a browser: every plot is drawn.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const WIDTH: u32 = 1_100;
const HEIGHT: u32 = 4_000;
/// A browser that needs longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first three colours of lines and bars.
const INKS: [[u8; 3]; 3] = [[0x00, 0x72, 0xB2], [0xD5, 0x5E, 0x00], [0x00, 0x9E, 0x73]];

/// A plot of each kind, and how many lines it has.
fn series() -> (Value, [usize; 4]) {
    let percentiles = |by: u64| {
        json!([[50_000, 9_000 * by], [90_000, 12_000 * by], [99_900, 90_000 * by], [100_000, 2_000_000 * by]])
    };
    let stages = ["receive", "decode", "sequence", "risk", "match", "journal append", "durable", "encode", "send"];
    let budget: Vec<[u64; 2]> = (0..9).map(|at| [at, 100 + at * 90]).collect();
    let series = json!([
        { "suite": "recovery", "plot": "throughput", "name": "book alone", "points": [[0, 5_700_000], [1, 5_400_000]],
          "labels": ["static", "normal"] },
        { "suite": "recovery", "plot": "percentiles", "name": "disk alone", "points": percentiles(1) },
        { "suite": "recovery", "plot": "percentiles", "name": "synced, alone", "points": percentiles(3) },
        { "suite": "recovery", "plot": "percentiles", "name": "a third", "points": percentiles(9) },
        { "suite": "recovery", "plot": "rates", "name": "uring",
          "points": [[10_000, 20_000], [100_000, 22_000], [200_000, 90_000], [400_000, 4_000_000]] },
        { "suite": "recovery", "plot": "budget", "name": "p50", "points": budget, "labels": stages },
        { "suite": "recovery", "plot": "budget", "name": "p99", "points": budget, "labels": stages },
    ]);
    (series, [1, 3, 1, 2])
}

/// Runs the program and expects it to end well.
fn ran(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_pinion-bench")).args(arguments).output().expect("the program starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Takes a picture of a page, when there is a browser.
fn screenshot(page: &Path, picture: &Path, profile: &Path) -> bool {
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.arg(format!("--window-size={WIDTH},{HEIGHT}"));
    command.arg(format!("--screenshot={}", picture.display())).arg(format!("file://{}", page.display()));
    let Ok(mut browser) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else { return false };
    let begin = Instant::now();
    while browser.try_wait().expect("a child").is_none() {
        if begin.elapsed() > PATIENCE {
            browser.kill().expect("a child");
            browser.wait().expect("a child");
            panic!("expected a picture within {PATIENCE:?}, the browser hangs");
        }
        thread::sleep(Duration::from_millis(50));
    }
    true
}

/// A picture's points.
struct Picture {
    width: usize,
    points: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Self {
        let file = BufReader::new(File::open(path).expect("the picture that the browser took"));
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().expect("a PNG file");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("a picture");
        let samples = info.color_type.samples();
        assert!(samples >= 3, "{:?}", info.color_type);
        let points = bytes[..info.buffer_size()].chunks_exact(samples).map(|point| [point[0], point[1], point[2]]);
        Self { width: usize::try_from(info.width).expect("small"), points: points.collect() }
    }

    /// The points within a frame of this colour.
    fn within(&self, frame: [u8; 3]) -> Vec<[u8; 3]> {
        let at = || (0..self.points.len()).filter(|at| self.points[*at] == frame);
        let of = |place: fn(usize, usize) -> usize| {
            let places: Vec<usize> = at().map(|at| place(at, self.width)).collect();
            (places.iter().copied().min().unwrap_or(0), places.iter().copied().max().unwrap_or(0))
        };
        let (left, right) = of(|at, width| at % width);
        let (top, bottom) = of(|at, width| at / width);
        let inside =
            |at: &usize| (left..=right).contains(&(at % self.width)) && (top..=bottom).contains(&(at / self.width));
        let points = (0..self.points.len()).filter(inside).map(|at| self.points[at]);
        points.filter(|point| *point != frame).collect()
    }
}

#[test]
fn every_plot_of_the_page_is_drawn() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name);
    let (run, page, picture) = (path("run.json"), path("page.html"), path("page.png"));
    let plain = |path: &Path| path.to_str().expect("a plain path").to_owned();
    ran(&["--smoke", "--out", &plain(&run), "--html", &plain(&page)]);
    let mut kept: Value = serde_json::from_str(&fs::read_to_string(&run).expect("the run")).expect("JSON");
    // The canonical run has plots of all kinds, each of which is on its page.
    let plots: HashSet<String> = kept["series"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| format!("{} {}", line["suite"], line["plot"]))
        .collect();
    for kind in ["throughput", "percentiles", "rates", "budget"] {
        assert!(plots.iter().any(|plot| plot.contains(kind)), "no {kind} in {plots:?}");
    }
    assert_eq!(fs::read_to_string(&page).expect("the page").matches("<svg ").count(), plots.len(), "{plots:?}");

    // Looked at are plots of known lines, on the page of one suite.
    kept["sections"] = json!({ "recovery": kept["sections"]["recovery"].clone() });
    let (series, lines) = series();
    kept["series"] = series;
    fs::write(&run, kept.to_string()).expect("written");
    ran(&["show", &plain(&run), "--html", &plain(&page), "--svg", &plain(&path("plots"))]);
    assert_eq!(path("plots").read_dir().expect("a folder").count(), lines.len());

    // A frame of a colour of its own around each plot, so that it is found in the picture.
    let text = fs::read_to_string(&page).expect("the page");
    let mut parts = text.split("<svg ");
    let mut framed = parts.next().expect("a first part").to_owned();
    for (number, part) in parts.enumerate() {
        framed.push_str(&format!("<svg style=\"outline:5px solid rgb(255,0,{})\" {part}", 100 + number));
    }
    fs::write(&page, framed).expect("written");

    if !screenshot(&page, &picture, &path("profile")) {
        assert!(std::env::var_os("CI").is_none(), "chromium is absent: scripts/setup installs it");
        eprintln!("chromium is absent: the page was not looked at");
        return;
    }
    let picture = Picture::read(&picture);
    for (number, lines) in lines.into_iter().enumerate() {
        let number = u8::try_from(number).expect("few plots");
        let points = picture.within([255, 0, 100 + number]);
        assert!(points.len() > 400 * 150, "plot {number} has {} points", points.len());
        let mut count: HashMap<[u8; 3], usize> = HashMap::new();
        points.iter().for_each(|point| *count.entry(*point).or_default() += 1);
        for ink in &INKS[..lines] {
            let drawn = count.get(ink).copied().unwrap_or(0);
            assert!(drawn > 200, "plot {number}: {drawn} points of the colour {ink:?}");
        }
        // Smooth letters have many greys.
        let greys: HashSet<_> = count.keys().filter(|point| point[0] == point[1] && point[1] == point[2]).collect();
        assert!(greys.len() > 20, "plot {number} has no text: {} greys", greys.len());
        let white = count.get(&[255; 3]).copied().unwrap_or(0);
        assert!(
            white < points.len() * 99 / 100 && white > points.len() / 4,
            "plot {number}: {white} of {} are white",
            points.len()
        );
    }
}
