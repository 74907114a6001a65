//! Small plots as SVG: what is exact as a broad grey band, what was computed as lines on it.

use std::fmt::Write;

/// A plot of lines over a common axis.
#[derive(Default)]
pub(crate) struct Plot {
    /// Names of the axes, with units.
    pub axes: [&'static str; 2],
    /// The bed, filled.
    pub bed: Vec<[f64; 2]>,
    /// The exact line.
    pub exact: Vec<[f64; 2]>,
    /// Name and points of what was computed.
    pub lines: Vec<(String, Vec<[f64; 2]>)>,
}

/// Of the drawing, without its margins.
const SIZE: [f64; 2] = [560.0, 250.0];
/// Left and top.
const MARGIN: [f64; 2] = [64.0, 48.0];
/// Colour and dashes of the lines; they differ in grey as well.
const STYLES: [(&str, &str); 4] =
    [("#1b4f8f", "none"), ("#d97706", "7 4"), ("#3f7f3f", "2 3"), ("#7a3b7a", "10 3 2 3")];

/// Least and greatest of a coordinate.
type Range = [f64; 2];

impl Plot {
    /// The SVG text; `titles` are Japanese and English.
    pub(crate) fn svg(&self, titles: [&str; 2]) -> String {
        let ranges = [0, 1].map(|axis| self.range(axis));
        let width = MARGIN[0] + SIZE[0] + 16.0;
        let height = MARGIN[1] + SIZE[1] + 62.0;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{} / {}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            titles[0], titles[1]
        );
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"18\" font-size=\"14\">{}</text>\n<text x=\"{}\" y=\"36\" \
             fill=\"#444\">{}</text>\n",
            MARGIN[0], titles[0], MARGIN[0], titles[1]
        );
        if let (Some(first), Some(last)) = (self.bed.first(), self.bed.last()) {
            let foot = ranges[1][0];
            let mut ground = self.bed.clone();
            ground.extend([[last[0], foot], [first[0], foot]]);
            let _ =
                writeln!(out, "<polygon points=\"{}\" fill=\"#e4ddd0\"/>", path(&ground, ranges));
        }
        self.frame(&mut out, ranges);
        let exact = path(&self.exact, ranges);
        let _ = writeln!(
            out,
            "<polyline points=\"{exact}\" fill=\"none\" stroke=\"#bbb\" stroke-width=\"6\"/>"
        );
        let foot = MARGIN[1] + SIZE[1] + 54.0;
        let mut at = MARGIN[0];
        let mut entry = |out: &mut String, name: &str, style: (&str, &str), broad: f64| {
            let _ = writeln!(
                out,
                "<line x1=\"{at}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" \
                 stroke-width=\"{broad}\" stroke-dasharray=\"{}\"/><text x=\"{}\" y=\"{foot}\">{}</text>",
                at + 28.0,
                style.0,
                style.1,
                at + 34.0,
                name,
                y = foot - 4.0,
            );
            at += 46.0
                + 6.6 * name.chars().map(|c| if c.is_ascii() { 1.0 } else { 1.9 }).sum::<f64>();
        };
        entry(&mut out, "厳密解 exact", ("#bbb", "none"), 6.0);
        for ((name, points), style) in self.lines.iter().zip(STYLES) {
            let _ = writeln!(
                out,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" \
                 stroke-dasharray=\"{}\"/>",
                path(points, ranges),
                style.0,
                style.1
            );
            entry(&mut out, name, style, 1.6);
        }
        out.push_str("</svg>\n");
        out
    }

    /// Range of a coordinate over all points, a little wider in the second.
    fn range(&self, axis: usize) -> Range {
        let lines = self.lines.iter().flat_map(|(_, points)| points);
        let points = self.bed.iter().chain(&self.exact).chain(lines);
        let [low, high] = points
            .map(|point| point[axis])
            .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(value), high.max(value)]
            });
        let span = if low < high { high - low } else { 1.0 };
        let wider = if axis == 1 { 0.06 * span } else { 0.0 };
        [low - wider, low + span + wider]
    }

    /// Axes with some five marks each.
    fn frame(&self, out: &mut String, ranges: [Range; 2]) {
        let [left, top] = MARGIN;
        let (right, foot) = (left + SIZE[0], top + SIZE[1]);
        for mark in marks(ranges[0]) {
            let [x, _] = place([mark, ranges[1][0]], ranges);
            let _ = writeln!(
                out,
                "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{foot}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                foot + 16.0,
                number(mark)
            );
        }
        for mark in marks(ranges[1]) {
            let [_, y] = place([ranges[0][0], mark], ranges);
            let _ = writeln!(
                out,
                "<line x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#e5e5e5\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                y + 4.0,
                number(mark)
            );
        }
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" \
             stroke=\"#444\"/>\n<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text x=\"14\" y=\"{}\" transform=\"rotate(-90 14 {})\" text-anchor=\"middle\">{}</text>",
            SIZE[0],
            SIZE[1],
            left + 0.5 * SIZE[0],
            foot + 33.0,
            self.axes[0],
            top + 0.5 * SIZE[1],
            top + 0.5 * SIZE[1],
            self.axes[1],
        );
    }
}

/// A point of the data in the drawing.
fn place(point: [f64; 2], [x, y]: [Range; 2]) -> [f64; 2] {
    [
        MARGIN[0] + SIZE[0] * (point[0] - x[0]) / (x[1] - x[0]),
        MARGIN[1] + SIZE[1] * (1.0 - (point[1] - y[0]) / (y[1] - y[0])),
    ]
}

/// At most 400 of the points, in the drawing.
fn path(points: &[[f64; 2]], ranges: [Range; 2]) -> String {
    let every = points.len().div_ceil(400).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
    let mut out = String::new();
    for (_, point) in kept {
        let [x, y] = place(*point, ranges);
        let _ = write!(out, "{x:.1},{y:.1} ");
    }
    out.truncate(out.trim_end().len());
    out
}

/// Round numbers in a range, some five.
fn marks([low, high]: Range) -> Vec<f64> {
    let rough = (high - low) / 5.0;
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
    let text = format!("{mark:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
