//! Where a served log stands, as both sides know it.

use super::message::{Fields, Outgoing, malformed};
use crate::sequence::TopicSet;
use crate::{LastOrigins, NextOffsets, OutputId, Producer};
use assay_trading_types::{Position, Topic};
use std::io;

/// Topics that there are.
const TOPICS: usize = Topic::ALL.len();

/// One moment of a log. All of it only grows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Position that the next record gets.
    pub(super) end: u64,
    /// Everything below it is durable.
    pub(super) durable: u64,
    /// Where the log ended when it began to be served.
    pub(super) served_from: u64,
    /// Position behind the newest record of each topic; 0 for what has none since it is served.
    pub(super) topic_ends: [u64; TOPICS],
}

impl Standing {
    /// Position behind the newest record of `topics`, or where the log was first served.
    pub(super) fn end_of(&self, topics: TopicSet) -> u64 {
        let wanted = Topic::ALL.into_iter().filter(|topic| topics.has(*topic));
        wanted.map(|topic| self.topic_ends[topic as usize]).fold(self.served_from, u64::max)
    }

    /// Topics that have newer records than at `before`.
    pub(super) fn grown_since(&self, before: &Self) -> TopicSet {
        let grown = Topic::ALL
            .into_iter()
            .filter(|topic| self.topic_ends[*topic as usize] > before.topic_ends[*topic as usize]);
        grown.fold(TopicSet::NONE, TopicSet::with)
    }

    pub(super) fn write(&self, out: Outgoing) -> Outgoing {
        let head = out.u64(self.end).u64(self.durable).u64(self.served_from);
        self.topic_ends.iter().fold(head, |out, end| out.u64(*end))
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> io::Result<Self> {
        let (end, durable, served_from) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let mut topic_ends = [0; TOPICS];
        for end in &mut topic_ends {
            *end = fields.u64()?;
        }
        Ok(Self { end, durable, served_from, topic_ends })
    }
}

/// What a process must know to go on with a role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bequest {
    /// First position held.
    pub(super) first: Position,
    /// Newest output of each producer.
    pub(super) origins: LastOrigins,
    /// Next offset of each topic-partition.
    pub(super) offsets: NextOffsets,
}

impl Bequest {
    pub(super) fn write(&self, out: Outgoing) -> Outgoing {
        let mut out = out.u64(self.first.0).u64(self.origins.iter().len() as u64);
        for (producer, output) in self.origins.iter() {
            out = out.bytes(&[producer.role as u8, producer.topic as u8]);
            out = out.bytes(&producer.partition.to_le_bytes()).u64(output.offset);
            out = out.bytes(&output.index.to_le_bytes());
        }
        self.offsets.iter().fold(out, |out, (topic, partition, next)| {
            out.bytes(&[topic as u8]).bytes(&partition.to_le_bytes()).u64(next)
        })
    }

    pub(super) fn read(mut fields: Fields<'_>) -> io::Result<Self> {
        let (first, count) = (Position(fields.u64()?), fields.u64()?);
        let origins = (0..count).map(|_| read_origin(&mut fields)).collect::<io::Result<LastOrigins>>()?;
        let mut offsets = NextOffsets::default();
        while !fields.0.is_empty() {
            let (topic, partition) = (read_topic(&mut fields)?, fields.u16()?);
            offsets.set(topic, partition, fields.u64()?);
        }
        Ok(Self { first, origins, offsets })
    }
}

fn read_topic(fields: &mut Fields<'_>) -> io::Result<Topic> {
    Topic::from_number(fields.u8()?).ok_or_else(|| malformed("an unknown topic"))
}

fn read_origin(fields: &mut Fields<'_>) -> io::Result<(Producer, OutputId)> {
    let role = crate::frame::role_of(fields.u8()?).ok_or_else(|| malformed("an unknown role"))?;
    let producer = Producer { role, topic: read_topic(fields)?, partition: fields.u16()? };
    Ok((producer, OutputId { offset: fields.u64()?, index: fields.u16()? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::message::MessageKind;
    use assay_trading_types::Role;

    const BODY_AT: usize = 5;

    #[test]
    fn a_standing_and_what_is_handed_on_come_back_as_they_were_written() {
        let standing = Standing { end: 9, durable: 7, served_from: 3, topic_ends: [1, 2, 3, 4, 5, 6, 7] };
        let producer = Producer { role: Role::Risk, topic: Topic::Accounts, partition: 4 };
        let origins = [(producer, OutputId { offset: 1 << 40, index: 9 })].into_iter().collect();
        let mut offsets = NextOffsets::default();
        offsets.set(Topic::Seals, 0, 12);
        let bequest = Bequest { first: Position(2), origins, offsets };
        let written = bequest.write(standing.write(Outgoing::new(MessageKind::Granted))).finish();
        let mut fields = Fields(&written[BODY_AT..]);
        assert_eq!(Standing::read(&mut fields).unwrap(), standing);
        assert_eq!(Bequest::read(fields).unwrap(), bequest);
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let written = Standing::default().write(Outgoing::new(MessageKind::Moved)).finish();
        for length in BODY_AT..written.len() {
            assert!(Standing::read(&mut Fields(&written[BODY_AT..length])).is_err(), "{length}");
        }
    }

    #[test]
    fn the_end_of_topics_is_where_their_newest_record_is() {
        let mut standing = Standing { end: 20, served_from: 5, ..Standing::default() };
        standing.topic_ends[Topic::Accounts as usize] = 18;
        assert_eq!(standing.end_of(TopicSet::of(&[Topic::Accounts, Topic::Fix])), 18);
        assert_eq!(standing.end_of(TopicSet::of(&[Topic::Fix])), 5, "what was there before was not counted");
        assert!(standing.grown_since(&Standing::default()).has(Topic::Accounts));
        assert!(!standing.grown_since(&standing).has(Topic::Accounts));
    }
}
