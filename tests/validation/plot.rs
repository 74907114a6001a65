//! Small plots as SVG: what is exact as a broad grey band, what was computed as lines on it, and
//! below, the difference of the two.

use std::fmt::Write;

/// A plot of lines over a common axis.
#[derive(Default)]
pub(crate) struct Plot {
    /// Names of the axes, with units in brackets at the end.
    pub axes: [&'static str; 2],
    /// The bed, filled.
    pub bed: Vec<[f64; 2]>,
    /// What the grey line is; exact if empty.
    pub reference: &'static str,
    /// The exact line, at rising places.
    pub exact: Vec<[f64; 2]>,
    /// Name and points of what was computed.
    pub lines: Vec<(String, Vec<[f64; 2]>)>,
}

/// Least and greatest of a coordinate.
type Range = [f64; 2];

/// A frame with its axes.
struct Panel {
    top: f64,
    height: f64,
    x: Range,
    y: Range,
}

const LEFT: f64 = 72.0;
const TOP: f64 = 48.0;
const WIDTH: f64 = 552.0;
const HEIGHT: f64 = 250.0;
/// Of the differences, and the space above them.
const BELOW: [f64; 2] = [90.0, 14.0];
/// Colour and dashes of the lines; they differ in grey as well.
const STYLES: [(&str, &str); 4] =
    [("#1b4f8f", "none"), ("#d97706", "7 4"), ("#3f7f3f", "2 3"), ("#7a3b7a", "10 3 2 3")];
const GREY: (&str, &str) = ("#bbb", "none");

impl Plot {
    /// The SVG text; `titles` are Japanese and English.
    pub(crate) fn svg(&self, titles: [&str; 2]) -> String {
        let [main, below] = self.panels();
        let foot = below.top + below.height;
        let (width, height) = (LEFT + WIDTH + 16.0, foot + 62.0);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{} / {}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            titles[0], titles[1]
        );
        let _ = writeln!(
            out,
            "<text x=\"{LEFT}\" y=\"18\" font-size=\"14\">{}</text>\n<text x=\"{LEFT}\" y=\"36\" \
             fill=\"#444\">{}</text>",
            titles[0], titles[1]
        );
        self.ground(&mut out, &main);
        main.frame(&mut out, self.axes[1], false);
        let unit = self.axes[1].rfind('(').map_or("", |at| &self.axes[1][at..]);
        below.frame(&mut out, &format!("差 difference {unit}"), true);
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            LEFT + 0.5 * WIDTH,
            foot + 33.0,
            self.axes[0]
        );
        main.line(&mut out, &self.exact, GREY, 6.0);
        for ((_, points), style) in self.lines.iter().zip(STYLES) {
            main.line(&mut out, points, style, 1.6);
            below.line(&mut out, &self.difference(points), style, 1.4);
        }
        self.legend(&mut out, foot + 54.0);
        out.push_str("</svg>\n");
        out
    }

    /// Frames of the lines and of the differences.
    fn panels(&self) -> [Panel; 2] {
        let lines = || self.lines.iter().flat_map(|(_, points)| points);
        let all = || self.bed.iter().chain(&self.exact).chain(lines());
        let x = range(all().map(|point| point[0]), 0.0);
        let y = range(all().map(|point| point[1]), 0.06);
        let off = self.lines.iter().flat_map(|(_, points)| self.difference(points));
        let off = range(off.map(|point| point[1]).chain([0.0]), 0.1);
        let top = TOP + HEIGHT + BELOW[1];
        [Panel { top: TOP, height: HEIGHT, x, y }, Panel { top, height: BELOW[0], x, y: off }]
    }

    fn ground(&self, out: &mut String, main: &Panel) {
        if let (Some(first), Some(last)) = (self.bed.first(), self.bed.last()) {
            let path = main.path(&self.bed);
            let [right, left] =
                [[last[0], main.y[0]], [first[0], main.y[0]]].map(|p| main.place(p));
            let _ = writeln!(
                out,
                "<polygon points=\"{path} {:.1},{:.1} {:.1},{:.1}\" fill=\"#e4ddd0\"/>",
                right[0], right[1], left[0], left[1]
            );
        }
    }

    /// Points less the exact line.
    fn difference(&self, points: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let exact = |x: f64| {
            let after = self.exact.partition_point(|point| point[0] < x);
            let after = after.clamp(1, self.exact.len() - 1);
            let ([x0, y0], [x1, y1]) = (self.exact[after - 1], self.exact[after]);
            y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        };
        let within = |point: &&[f64; 2]| {
            self.exact.first().is_some_and(|first| first[0] <= point[0])
                && self.exact.last().is_some_and(|last| point[0] <= last[0])
        };
        points.iter().filter(within).map(|[x, y]| [*x, y - exact(*x)]).collect()
    }

    fn legend(&self, out: &mut String, foot: f64) {
        let mut at = LEFT;
        let mut entry = |name: &str, style: (&str, &str), broad: f64| {
            let y = foot - 4.0;
            let _ = writeln!(
                out,
                "<line x1=\"{at}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" \
                 stroke-width=\"{broad}\" stroke-dasharray=\"{}\"/><text x=\"{}\" \
                 y=\"{foot}\">{name}</text>",
                at + 28.0,
                style.0,
                style.1,
                at + 34.0,
            );
            let wide = |c: char| if c.is_ascii() { 6.6 } else { 12.5 };
            at += 46.0 + name.chars().map(wide).sum::<f64>();
        };
        let reference = if self.reference.is_empty() { "厳密解 exact" } else { self.reference };
        entry(reference, GREY, 6.0);
        for ((name, _), style) in self.lines.iter().zip(STYLES) {
            entry(name, style, 1.6);
        }
    }
}

impl Panel {
    /// A point of the data in the drawing.
    fn place(&self, point: [f64; 2]) -> [f64; 2] {
        let share = |value: f64, [low, high]: Range| (value - low) / (high - low);
        let down = 1.0 - share(point[1], self.y);
        [LEFT + WIDTH * share(point[0], self.x), self.top + self.height * down]
    }

    fn line(&self, out: &mut String, points: &[[f64; 2]], style: (&str, &str), broad: f64) {
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{broad}\" \
             stroke-dasharray=\"{}\"/>",
            self.path(points),
            style.0,
            style.1
        );
    }

    /// Points in the drawing; of more than 800, the least and the greatest of each group, so that
    /// no peak is lost.
    fn path(&self, points: &[[f64; 2]]) -> String {
        let mut kept: Vec<[f64; 2]> = Vec::new();
        let group = points.len().div_ceil(800).max(1);
        for group in points.chunks(group) {
            let by = |a: &&[f64; 2], b: &&[f64; 2]| a[1].total_cmp(&b[1]);
            let ends = [group.iter().min_by(by), group.iter().max_by(by)];
            let mut ends: Vec<[f64; 2]> = ends.into_iter().flatten().copied().collect();
            ends.sort_by(|a, b| a[0].total_cmp(&b[0]));
            ends.dedup();
            kept.extend(ends);
        }
        let mut out = String::new();
        for point in kept {
            let [x, y] = self.place(point);
            let _ = write!(out, "{x:.1},{y:.1} ");
        }
        out.truncate(out.trim_end().len());
        out
    }

    /// Axes with round marks; those along the foot have numbers if they are the lowest.
    fn frame(&self, out: &mut String, name: &str, lowest: bool) {
        let (top, foot) = (self.top, self.top + self.height);
        for mark in marks(self.x, 5.0) {
            let [x, _] = self.place([mark, self.y[0]]);
            let _ = writeln!(
                out,
                "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{foot}\" stroke=\"#e5e5e5\"/>"
            );
            if lowest {
                let _ = writeln!(
                    out,
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    foot + 16.0,
                    number(mark)
                );
            }
        }
        for mark in marks(self.y, if lowest { 3.0 } else { 5.0 }) {
            let [_, y] = self.place([self.x[0], mark]);
            let _ = writeln!(
                out,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT + WIDTH,
                LEFT - 6.0,
                y + 4.0,
                number(mark)
            );
        }
        let middle = top + 0.5 * self.height;
        let size = if self.height < 200.0 { 10 } else { 12 };
        let _ = writeln!(
            out,
            "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{}\" fill=\"none\" \
             stroke=\"#444\"/>\n<text x=\"14\" y=\"{middle}\" transform=\"rotate(-90 14 {middle})\" \
             text-anchor=\"middle\" font-size=\"{size}\">{name}</text>",
            self.height
        );
    }
}

/// Range of numbers, widened by a share of it.
fn range(values: impl Iterator<Item = f64>, wider: f64) -> Range {
    let [low, high] = values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    let span = if low < high { high - low } else { 1.0 };
    [low - wider * span, low + (1.0 + wider) * span]
}

/// Round numbers in a range, some `count`.
fn marks([low, high]: Range, count: f64) -> Vec<f64> {
    let rough = (high - low) / count;
    let power = 10.0_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|part| part * power).into_iter().find(|s| rough <= *s);
    let step = step.unwrap_or(rough);
    let mut marks = Vec::new();
    let mut mark = (low / step).ceil();
    while mark * step <= high {
        marks.push(mark * step);
        mark += 1.0;
    }
    marks
}

/// A mark without the noise of rounding.
fn number(mark: f64) -> String {
    if 0.0 < mark.abs() && mark.abs() < 1e-4 {
        return format!("{mark:.0e}");
    }
    let text = format!("{mark:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
