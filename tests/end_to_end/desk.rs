//! Two firms at one market, and rows of the state matrices as what the first of them is told.

use crate::client::Client;
use crate::instance::{Home, Server};
use crate::wire::{Message, utc_now};

/// A market of two firms.
pub(crate) struct Desk {
    home: Home,
    server: Server,
    pub(crate) client: Client,
    other: Client,
}

impl Desk {
    pub(crate) fn open() -> Self {
        Self::at(Home::new())
    }

    pub(crate) fn at(home: Home) -> Self {
        let server = home.start();
        let client = Client::logged_on("CLIENT1", server.address());
        let other = Client::logged_on("CLIENT2", server.address());
        Self { home, server, client, other }
    }

    /// D of 100 to buy at 10, or with other terms.
    pub(crate) fn buys(&mut self, id: &str, terms: &str) -> &mut Self {
        let body = self.client.order_body(id, &format!("54=1|{terms}"));
        self.client.send("D", &body);
        self
    }

    /// The other side sells `qty` at `price`; what rests trades with it.
    pub(crate) fn sold(&mut self, id: &str, qty: u32, price: &str) -> &mut Self {
        let body = self.other.order_body(id, &format!("54=2|38={qty}|40=2|44={price}|"));
        self.other.send("D", &body);
        // Fills of what it sold before come first.
        while self.other.expect("8").value(11) != id {}
        self
    }

    /// D to buy what `terms` name.
    pub(crate) fn buys_of(&mut self, id: &str, terms: &str) -> &mut Self {
        self.client.send("D", &format!("11={id}|1=FIRM1|54=1|60={}|{terms}", utc_now()));
        self
    }

    /// D of the client's on the other side.
    pub(crate) fn sells(&mut self, id: &str, terms: &str) -> &mut Self {
        let body = self.client.order_body(id, &format!("54=2|{terms}"));
        self.client.send("D", &body);
        self
    }

    /// The other side bids for `qty` at `price`.
    pub(crate) fn bid(&mut self, id: &str, qty: u32, price: &str) -> &mut Self {
        let body = self.other.order_body(id, &format!("54=1|38={qty}|40=2|44={price}|"));
        self.other.send("D", &body);
        while self.other.expect("8").value(11) != id {}
        self
    }

    /// F or G.
    pub(crate) fn asks(&mut self, msg_type: &str, id: &str, orig: &str, terms: &str) -> &mut Self {
        self.client.send(msg_type, &format!("11={id}|41={orig}|55=AAPL|54=1|60={}|{terms}", utc_now()));
        self
    }

    /// Messages in one segment, so that the server decides on all of them before the market sees the first: each MsgType
    /// with its body.
    pub(crate) fn together(&mut self, messages: &[(&str, String)]) -> &mut Self {
        let mut bytes = Vec::new();
        for (msg_type, body) in messages {
            let seq = self.client.keep(msg_type, body);
            bytes.extend(self.client.bytes(seq, ""));
        }
        self.client.send_bytes(&bytes);
        self
    }

    /// The next message is an 8 with these ids and figures: `11,41 150/39 38 14 151 6`.
    #[track_caller]
    pub(crate) fn told(&mut self, row: &str) -> Message {
        let message = self.client.expect("8");
        assert_row(&message, row);
        message
    }

    /// As [`Desk::told`], of orders other than `id`.
    #[track_caller]
    pub(crate) fn told_beside(&mut self, id: &str, row: &str) -> Message {
        loop {
            let message = self.client.expect("8");
            if message.value(11) != id {
                assert_row(&message, row);
                return message;
            }
        }
    }

    /// The next message is a 9: `11,41 39 434 102`.
    #[track_caller]
    pub(crate) fn refused(&mut self, row: &str) -> Message {
        let message = self.client.expect("9");
        let cells: Vec<&str> = row.split_whitespace().collect();
        let (id, orig) = cells[0].split_once(',').expect("11,41");
        let wanted = [(11, id), (41, orig), (39, cells[1]), (434, cells[2]), (102, cells[3])];
        for (tag, value) in wanted {
            assert_eq!(message.value(tag), value, "{tag} in row {row}: {message:?}");
        }
        message
    }

    pub(crate) fn close(self) {
        let Self { home, server, client, other } = self;
        server.stop_after([client, other]);
        home.assert_sound();
    }
}

/// Checks an 8 against ids and figures: `11,41 150/39 38 14 151 6`.
#[track_caller]
pub(crate) fn assert_row(message: &Message, row: &str) {
    let cells: Vec<&str> = row.split_whitespace().collect();
    let [ids, state, figures @ ..] = &cells[..] else { panic!("a row: {row}") };
    let (id, orig) = ids.split_once(',').unwrap_or((ids, ""));
    let (exec_type, status) = state.split_once('/').expect("150/39");
    let wanted = [(11, id), (41, orig), (150, exec_type), (39, status)];
    let figures = [38, 14, 151, 6].into_iter().zip(figures.iter().copied());
    for (tag, value) in wanted.into_iter().chain(figures) {
        assert_eq!(message.get(tag).unwrap_or_default(), value, "{tag} in row {row}: {message:?}");
    }
}
