//! Messages that came in from channels: stored before they are acknowledged, processed afterwards, once.

use lockstep_core::id::InboxId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{InboxRow, InboxState};

use super::tables::Tables;

impl Tables {
    /// Stores a message; `false` when it was there already.
    pub(super) fn receive(&mut self, row: InboxRow) -> bool {
        let fresh = self.inbox_known.insert((row.channel.clone(), row.message_id.clone()));
        if fresh {
            self.file(&row, 0);
            self.inbox.insert(row.id, (row, 0));
        }
        fresh
    }

    fn file(&mut self, row: &InboxRow, tries: u64) {
        match row.state {
            InboxState::New => {
                self.inbox_new.insert((row.received_at, row.id));
            }
            InboxState::Parked => {
                self.inbox_parked.insert((tries, row.received_at, row.id));
            }
            InboxState::Done => {}
        }
    }

    /// New messages in the order they came, then parked ones, the least often tried first.
    pub(super) fn waiting(&self, parked_after: Timestamp, limit: usize) -> Vec<InboxRow> {
        let new = self.inbox_new.iter().map(|(_, id)| *id);
        let parked = self.inbox_parked.iter().filter(|(_, received_at, _)| *received_at > parked_after);
        let ids = new.chain(parked.map(|(.., id)| *id)).take(limit);
        ids.filter_map(|id| self.inbox.get(&id)).map(|(row, _)| row.clone()).collect()
    }

    /// Messages that matched nothing, newest first.
    pub(super) fn parked(&self, limit: usize) -> Vec<InboxRow> {
        let mut rows: Vec<_> =
            self.inbox_parked.iter().map(|(_, received_at, id)| (*received_at, *id)).collect();
        rows.sort_unstable_by(|one, two| two.cmp(one));
        rows.truncate(limit);
        rows.into_iter().filter_map(|(_, id)| self.inbox.get(&id)).map(|(row, _)| row.clone()).collect()
    }

    /// Writes down where a message stands. What is done stays done.
    pub(super) fn set_inbox_state(&mut self, id: InboxId, state: InboxState) {
        let Some((row, tries)) = self.inbox.get(&id).filter(|(row, _)| row.state != InboxState::Done) else {
            return;
        };
        let (mut row, tries) = (row.clone(), *tries);
        self.inbox_new.remove(&(row.received_at, id));
        self.inbox_parked.remove(&(tries, row.received_at, id));
        row.state = state;
        self.file(&row, tries + 1);
        self.inbox.insert(id, (row, tries + 1));
    }
}
