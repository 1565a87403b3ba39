//! A PDF: A4 across, one fixed-width typeface that every reader has, cells that are too wide on several lines. Nothing is
//! cut off, nothing is embedded, and there is no time in it.

use crate::format::shaped;
use crate::{Cell, Column, Error, Heading, RowWriter, widths};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::io::Write;

/// Most rows of a PDF: some four hundred pages. It is made in memory, and nobody reads more.
pub const PDF_ROWS_MAX: usize = 20_000;

/// A4 across, in points.
const PAGE: (f32, f32) = (842.0, 595.0);
const MARGIN: f32 = 30.0;

/// Sizes that are tried, in points, until a row fits on a line.
const SIZES: [f32; 4] = [9.0, 8.0, 7.0, 6.0];

/// Every character of Courier is so wide, in parts of its size.
const CHARACTER: f32 = 0.6;

/// From one line to the next, in parts of the size.
const LEADING: f32 = 1.25;

/// Spaces between columns.
const GAP: usize = 2;

const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");

pub(crate) struct PdfForm<'a> {
    heading: Heading,
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
    out: &'a mut (dyn Write + Send),
}

impl<'a> PdfForm<'a> {
    pub(crate) fn new(heading: Heading, columns: &'static [Column], out: &'a mut (dyn Write + Send)) -> Self {
        Self { heading, columns, rows: Vec::new(), out }
    }
}

impl RowWriter for PdfForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        shaped(cells, self.columns)?;
        if self.rows.len() == PDF_ROWS_MAX {
            return Err(Error::TooLong { max: PDF_ROWS_MAX });
        }
        self.rows.push(cells.to_vec());
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        let layout = Layout::of(self.columns, &self.rows);
        let pages = layout.pages(&self.heading, self.columns, &self.rows);
        self.out.write_all(&document(&self.heading.title, &pages, layout.size))?;
        Ok(self.out.flush()?)
    }
}

/// A line of a page.
struct Line {
    text: String,
    is_bold: bool,
}

/// Size of the typeface, and how many characters each column has.
struct Layout {
    size: f32,
    widths: Vec<usize>,
}

impl Layout {
    /// The largest size at which rows fit on a line; at the smallest, columns are made narrower.
    fn of(columns: &[Column], rows: &[Vec<Cell>]) -> Self {
        let natural = widths::natural(columns, rows);
        let wanted = natural.iter().sum::<usize>() + GAP * natural.len().saturating_sub(1);
        let smallest = SIZES[SIZES.len() - 1];
        let size = SIZES.into_iter().find(|size| wanted <= characters(*size)).unwrap_or(smallest);
        Self { size, widths: widths::fitted(natural, GAP, characters(size)) }
    }

    fn lines_of_page(&self) -> usize {
        ((PAGE.1 - 2.0 * MARGIN) / (self.size * LEADING)) as usize - 2
    }

    /// The heading and the rows on pages, each with the columns' names on top.
    fn pages(&self, heading: &Heading, columns: &[Column], rows: &[Vec<Cell>]) -> Vec<Vec<Line>> {
        let names: Vec<Cell> = columns.iter().map(|column| column.name.into()).collect();
        let header = self.cells(columns, &names, true);
        let mut page = vec![Line { text: heading.title.clone(), is_bold: true }];
        for (name, value) in &heading.about {
            let parts = wrapped(&format!("{name}: {value}"), characters(self.size));
            page.extend(parts.into_iter().map(|text| Line { text, is_bold: false }));
        }
        page.push(Line { text: String::new(), is_bold: false });
        page.extend(self.cells(columns, &names, true));
        let (mut pages, room) = (Vec::new(), self.lines_of_page());
        for row in rows {
            let lines = self.cells(columns, row, false);
            if page.len() + lines.len() > room && page.len() > header.len() {
                pages.push(std::mem::replace(&mut page, self.cells(columns, &names, true)));
            }
            page.extend(lines);
        }
        pages.push(page);
        pages
    }

    /// The lines of one row.
    fn cells(&self, columns: &[Column], cells: &[Cell], is_bold: bool) -> Vec<Line> {
        let parts: Vec<Vec<String>> =
            cells.iter().zip(&self.widths).map(|(cell, width)| wrapped(&cell.text(), *width)).collect();
        let height = parts.iter().map(Vec::len).max().unwrap_or_default();
        let line = |n: usize| {
            let mut text = String::new();
            for ((part, width), column) in parts.iter().zip(&self.widths).zip(columns) {
                let part = part.get(n).map_or("", String::as_str);
                text.push_str(&match column.kind.is_number() {
                    true => format!("{part:>width$}"),
                    false => format!("{part:<width$}"),
                });
                text.push_str(&" ".repeat(GAP));
            }
            Line { text: text.trim_end().to_owned(), is_bold }
        };
        (0..height).map(line).collect()
    }
}

/// Characters on a line.
fn characters(size: f32) -> usize {
    ((PAGE.0 - 2.0 * MARGIN) / (size * CHARACTER)) as usize
}

/// A text in pieces of at most `width` characters; one, if there is nothing.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    match characters.is_empty() {
        true => vec![String::new()],
        false => characters.chunks(width.max(1)).map(|part| part.iter().collect()).collect(),
    }
}

/// The file: catalog, page tree, two typefaces, then a page and its content each.
fn document(title: &str, pages: &[Vec<Line>], size: f32) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let [catalog, tree, plain, bold, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let page_ref = |n: usize| Ref::new(6 + 2 * n as i32);
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("Assay"));
    pdf.pages(tree).kids((0..pages.len()).map(page_ref)).count(pages.len() as i32);
    for (font, name) in [(plain, Name(b"Courier")), (bold, Name(b"Courier-Bold"))] {
        pdf.type1_font(font).base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (n, lines) in pages.iter().enumerate() {
        let content = Ref::new(page_ref(n).get() + 1);
        let mut page = pdf.page(page_ref(n));
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(content);
        let mut resources = page.resources();
        resources.fonts().pair(PLAIN, plain).pair(BOLD, bold);
        resources.finish();
        page.finish();
        pdf.stream(content, &page_content(lines, size, (n + 1, pages.len())));
    }
    pdf.finish()
}

fn page_content(lines: &[Line], size: f32, (number, of): (usize, usize)) -> Vec<u8> {
    let mut content = Content::new();
    let mut y = PAGE.1 - MARGIN - size;
    let footer = Line { text: format!("page {number} of {of}"), is_bold: false };
    for line in lines {
        show(&mut content, line, size, y);
        y -= size * LEADING;
    }
    show(&mut content, &footer, size, MARGIN / 2.0);
    content.finish().to_vec()
}

fn show(content: &mut Content, line: &Line, size: f32, y: f32) {
    content.begin_text();
    content.set_font(if line.is_bold { BOLD } else { PLAIN }, size);
    content.next_line(MARGIN, y);
    content.show(Str(&encoded(&line.text)));
    content.end_text();
}

/// In WinAnsiEncoding, which is Latin-1 where it is printable; other characters are shown as `?`.
fn encoded(text: &str) -> Vec<u8> {
    let byte = |c: char| match u32::from(c) {
        n @ (0x20..=0x7e | 0xa0..=0xff) => n as u8,
        _ => b'?',
    };
    text.chars().map(byte).collect()
}
