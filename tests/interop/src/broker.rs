//! A broker as its engine's application: it takes, fills, replaces, cancels and refuses orders, and undoes what it did. It
//! shares no line with the product.

use std::collections::BTreeMap;

/// OrderQty(38) that it refuses by ExecutionReport(8).
const REFUSED_QTY: u32 = 13;

/// OrderQty(38) that its session refuses by Reject(3).
const REJECTED_QTY: u32 = 14;

/// OrderQty(38) that its engine refuses by BusinessMessageReject(j), which names no id (379), only the number (45).
const INCOMPLETE_QTY: u32 = 15;

/// OrderQty(38) that it refuses by a BusinessMessageReject(j) of its own, which names the id.
const UNAVAILABLE_QTY: u32 = 16;

/// Why a message is no good for the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A value.
    Value,
    /// A field that it lacks, for the application.
    Missing,
}

/// How it takes cancels and replaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Willing,
    /// OrderCancelReject(9) without a reason that we know.
    Stubborn,
    /// As messages that lack something.
    Unable,
}

/// MsgType(35) and the fields of a body.
type Said = (&'static str, Vec<(u32, String)>);

/// An order there.
#[derive(Debug, Clone)]
struct Held {
    order_id: String,
    cl_ord_id: String,
    symbol: String,
    side: String,
    qty: u32,
    /// OrdStatus(39).
    status: char,
    /// ExecID(17), quantity and price of fills that stand.
    fills: Vec<(String, u32, String)>,
}

impl Held {
    fn cum(&self) -> u32 {
        self.fills.iter().map(|(_, qty, _)| qty).sum()
    }

    fn is_open(&self) -> bool {
        matches!(self.status, '0' | '1')
    }
}

/// All of it.
#[derive(Debug, Default)]
pub struct Broker {
    /// By OrderID(37).
    orders: BTreeMap<String, Held>,
    execs: u32,
    /// Orders are taken without a word.
    mute: bool,
    mood: Mood,
    /// ClOrdID(11) of every message in the order they came, and what each was.
    heard: Vec<(String, String)>,
}

impl Broker {
    /// Answers a message, whose fields `of` gives.
    ///
    /// # Errors
    /// The engine is to refuse it.
    pub fn hear(&mut self, msg_type: &str, of: impl Fn(u32) -> Option<String>) -> Result<Vec<Said>, Fault> {
        let again = if of(97).as_deref() == Some("Y") { " again" } else { "" };
        let cl_ord_id = of(11).unwrap_or_default();
        let number = cl_ord_id.split_once('-').map_or("", |(_, number)| number);
        let what = format!("{msg_type} {number}{again}");
        self.heard.push((cl_ord_id, what));
        match msg_type {
            "D" => self.take(&of),
            "G" | "F" if self.mood == Mood::Unable => Err(Fault::Missing),
            "G" | "F" => Ok(self.change(msg_type, &of)),
            "H" => Ok(self.status(&of)),
            _ => Err(Fault::Missing),
        }
    }

    /// What came about an order of ours: MsgType(35), the number behind the dash in ClOrdID(11), and `again` for
    /// PossResend(97)=Y.
    pub fn heard(&self, order_id: &str) -> Vec<String> {
        let is_it = |id: &str| id.split_once('-').is_some_and(|(order, _)| order == order_id);
        self.heard.iter().filter(|(id, _)| is_it(id)).map(|(_, what)| what.clone()).collect()
    }

    /// The order of ours, as ours name it, that came as number `number`, from 1.
    pub fn order(&self, number: usize) -> Option<String> {
        let mut known: Vec<&str> = Vec::new();
        for order in self.heard.iter().filter_map(|(id, _)| Some(id.split_once('-')?.0)) {
            if !known.contains(&order) {
                known.push(order);
            }
        }
        known.get(number.checked_sub(1)?).map(|order| (*order).to_owned())
    }

    /// Does what a line says. Of the newest order: `fill QTY PRICE`, `correct QTY PRICE` and `bust` (its newest fill), `repeat` (that
    /// fill once more), `expire`, `cancel`, `done for day`. Of an order that nobody sent: `stray`, a fill. Of those that come: `mute` (taken without a word) or `speak`. Of changes: `willing`, `stubborn` (refused by 9) or
    /// `unable` (refused by the engine's j).
    pub fn obey(&mut self, line: &str) -> Vec<Said> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let newest = self.orders.values().next_back().map(|held| held.order_id.clone()).unwrap_or_default();
        match words.as_slice() {
            ["mute"] => self.mute = true,
            ["speak"] => self.mute = false,
            ["willing"] => self.mood = Mood::Willing,
            ["stubborn"] => self.mood = Mood::Stubborn,
            ["unable"] => self.mood = Mood::Unable,
            ["fill", qty, price] => return self.fill(&newest, qty.parse().expect("a quantity"), price),
            ["correct", qty, price] => {
                return self.amend(&newest, Some((qty.parse().expect("a quantity"), price)));
            }
            ["bust"] => return self.amend(&newest, None),
            ["repeat"] => return self.repeat(&newest),
            ["stray"] => return self.stray(),
            ["expire"] => return self.turn(&newest, 'C'),
            ["cancel"] => return self.turn(&newest, '4'),
            ["done", "for", "day"] => return self.turn(&newest, '3'),
            _ => panic!("no command of a broker: {line}"),
        }
        Vec::new()
    }

    fn take(&mut self, of: &dyn Fn(u32) -> Option<String>) -> Result<Vec<Said>, Fault> {
        let field = |tag| of(tag).unwrap_or_default();
        let qty = number(&field(38));
        match qty {
            REJECTED_QTY => return Err(Fault::Value),
            INCOMPLETE_QTY => return Err(Fault::Missing),
            UNAVAILABLE_QTY => {
                // ApplicationNotAvailable.
                let fields = [(372, "D"), (379, &field(11)), (380, "4"), (58, "closed for lunch")];
                return Ok(vec![("j", owned(&fields))]);
            }
            _ => {}
        }
        let held = Held {
            order_id: format!("Q{:04}", self.orders.len() + 1),
            cl_ord_id: field(11),
            symbol: field(55),
            side: field(54),
            qty,
            status: '0',
            fills: Vec::new(),
        };
        let known = self.orders.values().any(|other| other.cl_ord_id == held.cl_ord_id);
        if known || qty == REFUSED_QTY {
            let held = Held { status: '8', ..held };
            let reason = if known { "6" } else { "99" };
            return Ok(vec![self.report(&held, '8', &[(58, "not from you"), (103, reason)])]);
        }
        self.orders.insert(held.order_id.clone(), held.clone());
        Ok(if self.mute { Vec::new() } else { vec![self.report(&held, '0', &[])] })
    }

    fn change(&mut self, msg_type: &str, of: &dyn Fn(u32) -> Option<String>) -> Vec<Said> {
        let field = |tag| of(tag).unwrap_or_default();
        let (new, old, mood) = (field(11), field(41), self.mood);
        let found = self.orders.values_mut().find(|held| held.cl_ord_id == old);
        let refused = |order_id: &str, status: char, reason: &str| {
            let answers = if msg_type == "F" { "1" } else { "2" };
            let status = status.to_string();
            let fields = [
                (11, new.as_str()),
                (37, order_id),
                (39, &status),
                (41, &old),
                (102, reason),
                (434, answers),
            ];
            vec![("9", owned(&fields))]
        };
        let Some(held) = found else { return refused("NONE", '8', "1") };
        if !held.is_open() {
            return refused(&held.order_id, held.status, "0");
        }
        if mood == Mood::Stubborn {
            return refused(&held.order_id, held.status, "2");
        }
        let (pending, exec_type) = if msg_type == "F" { ('6', '4') } else { ('E', '5') };
        let before = held.clone();
        match exec_type {
            '4' => held.status = '4',
            _ if number(&field(38)) <= held.cum() => return refused(&held.order_id, held.status, "99"),
            _ => held.qty = number(&field(38)),
        }
        held.cl_ord_id.clone_from(&new);
        let held = held.clone();
        let before = Held { cl_ord_id: new, status: pending, ..before };
        vec![self.report(&before, pending, &[(41, &old)]), self.report(&held, exec_type, &[(41, &old)])]
    }

    fn status(&mut self, of: &dyn Fn(u32) -> Option<String>) -> Vec<Said> {
        let field = |tag| of(tag).unwrap_or_default();
        let (cl_ord_id, asked) = (field(11), field(790));
        let found = self.orders.values().find(|held| held.cl_ord_id == cl_ord_id).cloned();
        let unknown = found.is_none();
        let held = found.unwrap_or_else(|| Held {
            order_id: "NONE".to_owned(),
            cl_ord_id,
            symbol: field(55),
            side: field(54),
            qty: 0,
            status: '8',
            fills: Vec::new(),
        });
        let reason: &[(u32, &str)] = if unknown { &[(103, "5")] } else { &[] };
        vec![self.report(&held, 'I', &[&[(790, asked.as_str())], reason].concat())]
    }

    fn fill(&mut self, order_id: &str, qty: u32, price: &str) -> Vec<Said> {
        let exec_id = self.next_exec();
        let held = self.orders.get_mut(order_id).expect("an order");
        assert!(held.is_open() && held.cum() + qty <= held.qty, "{held:?} takes {qty}");
        held.fills.push((exec_id.clone(), qty, price.to_owned()));
        held.status = if held.cum() == held.qty { '2' } else { '1' };
        let held = held.clone();
        let last = qty.to_string();
        vec![report(&held, (&exec_id, 'F'), &[(31, price), (32, &last)])]
    }

    /// The newest fill is another, or none: it is undone.
    fn amend(&mut self, order_id: &str, now: Option<(u32, &str)>) -> Vec<Said> {
        let exec_id = self.next_exec();
        let held = self.orders.get_mut(order_id).expect("an order");
        let (referred, before_qty, before) = held.fills.pop().expect("a fill");
        let exec_type = if now.is_some() { 'G' } else { 'H' };
        let (qty, price) = now.unwrap_or((before_qty, &before));
        if now.is_some() {
            held.fills.push((exec_id.clone(), qty, price.to_owned()));
        }
        if held.is_open() {
            held.status = if held.fills.is_empty() { '0' } else { '1' };
        }
        let held = held.clone();
        let last = qty.to_string();
        vec![report(&held, (&exec_id, exec_type), &[(19, &referred), (31, price), (32, &last)])]
    }

    /// The newest fill once more, under its ExecID(17).
    fn repeat(&self, order_id: &str) -> Vec<Said> {
        let held = &self.orders[order_id];
        let (exec_id, qty, price) = held.fills.last().expect("a fill");
        vec![report(held, (exec_id, 'F'), &[(31, price), (32, &qty.to_string())])]
    }

    fn stray(&mut self) -> Vec<Said> {
        let held = Held {
            order_id: "Q9999".to_owned(),
            cl_ord_id: "O00000000000FFFFF-1".to_owned(),
            symbol: "AAPL".to_owned(),
            side: "1".to_owned(),
            qty: 100,
            status: '1',
            fills: Vec::new(),
        };
        vec![self.report(&held, 'F', &[(31, "100"), (32, "50")])]
    }

    /// Another status, unasked.
    fn turn(&mut self, order_id: &str, status: char) -> Vec<Said> {
        let held = self.orders.get_mut(order_id).expect("an order");
        held.status = status;
        let held = held.clone();
        vec![self.report(&held, status, &[(58, "by itself")])]
    }

    fn next_exec(&mut self) -> String {
        self.execs += 1;
        format!("QX{}", self.execs)
    }

    fn report(&mut self, held: &Held, exec_type: char, more: &[(u32, &str)]) -> Said {
        let exec_id = self.next_exec();
        report(held, (&exec_id, exec_type), more)
    }
}

fn report(held: &Held, (exec_id, exec_type): (&str, char), more: &[(u32, &str)]) -> Said {
    let works = held.is_open() || matches!(held.status, '6' | 'E');
    let leaves = if works { held.qty - held.cum() } else { 0 };
    let (qty, cum, leaves) = (held.qty.to_string(), held.cum().to_string(), leaves.to_string());
    let (exec_type, status) = (exec_type.to_string(), held.status.to_string());
    let fields = [
        (6, "0"),
        (11, held.cl_ord_id.as_str()),
        (14, &cum),
        (17, exec_id),
        (37, &held.order_id),
        (38, &qty),
        (39, &status),
        (54, &held.side),
        (55, &held.symbol),
        (150, &exec_type),
        (151, &leaves),
    ];
    ("8", owned(&[&fields, more].concat()))
}

fn owned(fields: &[(u32, &str)]) -> Vec<(u32, String)> {
    fields.iter().map(|(tag, value)| (*tag, (*value).to_owned())).collect()
}

/// A quantity, which our side may write with decimals.
fn number(text: &str) -> u32 {
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default()
}
