//! Deliveries: one notice to one webhook endpoint. Those about one subject go out in the order of its versions.

use lockstep_core::id::{DeliveryId, EndpointId, NoticeId, TenantId};
use lockstep_core::notice::Notice;
use lockstep_core::planted::{self, Bug};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Delivered, Delivery};

use super::tables::Tables;
use crate::delivery_id;

impl Tables {
    /// Endpoints of a tenant that are in use and want this kind of notice.
    pub(super) fn wanting(&self, tenant: TenantId, kind: &str) -> impl Iterator<Item = EndpointId> {
        let of_tenant = self.endpoints.values().filter(move |row| row.tenant == tenant && row.enabled);
        let wants = of_tenant.filter(move |row| row.kinds.is_empty() || row.kinds.iter().any(|k| k == kind));
        wants.map(|row| row.id)
    }

    /// Makes one delivery for each endpoint of the tenant that wants the notice.
    pub(super) fn fan_out(&mut self, id: NoticeId, notice: &Notice, due_at: Timestamp, at: Timestamp) {
        let wanted: Vec<_> = self.wanting(notice.tenant, &notice.kind).collect();
        for endpoint in wanted {
            let delivery = Delivery {
                id: delivery_id::of(id, endpoint, notice.at),
                message: id.to_string(),
                endpoint,
                tenant: notice.tenant,
                notice: notice.clone(),
                tries: 0,
                due_at,
                created_at: at,
                state: "pending".to_owned(),
                last_status: None,
            };
            self.put_in_line(delivery);
        }
    }

    /// Adds a pending delivery, or one that is pending again.
    pub(super) fn put_in_line(&mut self, delivery: Delivery) {
        let key = (delivery.endpoint, delivery.notice.subject.id());
        self.unhead(&key);
        self.lines.entry(key.clone()).or_default().insert((delivery.notice.version, delivery.id));
        self.deliveries.insert(delivery.id, delivery);
        self.rehead(&key);
    }

    /// Changes a pending delivery; `change` says by its state whether it stays in line.
    fn change_pending(&mut self, id: DeliveryId, change: impl FnOnce(&mut Delivery)) {
        let Some(mut delivery) = self.deliveries.get(&id).filter(|row| row.state == "pending").cloned()
        else {
            return;
        };
        let key = (delivery.endpoint, delivery.notice.subject.id());
        self.unhead(&key);
        change(&mut delivery);
        if delivery.state != "pending"
            && let Some(line) = self.lines.get_mut(&key)
        {
            line.remove(&(delivery.notice.version, id));
        }
        self.deliveries.insert(id, delivery);
        self.rehead(&key);
    }

    fn first_of(&self, key: &(EndpointId, String)) -> Vec<DeliveryId> {
        let Some(line) = self.lines.get(key) else { return Vec::new() };
        let lowest = line.first().map(|(version, _)| *version);
        let any = planted::is(Bug::DeliveriesOutOfOrder);
        line.iter().take_while(|(version, _)| any || Some(*version) == lowest).map(|(_, id)| *id).collect()
    }

    fn unhead(&mut self, key: &(EndpointId, String)) {
        for id in self.first_of(key) {
            if let Some(row) = self.deliveries.get(&id) {
                self.heads.remove(&(key.0, row.due_at, id));
            }
        }
    }

    fn rehead(&mut self, key: &(EndpointId, String)) {
        for id in self.first_of(key) {
            if let Some(row) = self.deliveries.get(&id) {
                self.heads.insert((key.0, row.due_at, id));
            }
        }
        if self.lines.get(key).is_some_and(std::collections::BTreeSet::is_empty) {
            self.lines.remove(key);
        }
    }

    /// How many are pending.
    pub(super) fn pending_deliveries(&self) -> usize {
        self.lines.values().map(std::collections::BTreeSet::len).sum()
    }

    /// Pending and due, and no earlier one about the same subject to the same endpoint is pending.
    pub(super) fn due_deliveries(
        &self,
        until: Timestamp,
        limit: usize,
        per_endpoint: usize,
    ) -> Vec<Delivery> {
        let mut due = Vec::new();
        for endpoint in self.endpoints_in_line() {
            let of_endpoint = self.heads.range((endpoint, Timestamp::from_millis(i64::MIN), lowest_id())..);
            let ripe = of_endpoint.take_while(|(of, at, _)| *of == endpoint && *at <= until);
            due.extend(ripe.take(per_endpoint).map(|(_, at, id)| (*at, *id)));
        }
        due.sort_unstable();
        due.into_iter().take(limit).filter_map(|(_, id)| self.deliveries.get(&id).cloned()).collect()
    }

    fn endpoints_in_line(&self) -> Vec<EndpointId> {
        let mut endpoints = Vec::new();
        let mut next = self.heads.first();
        while let Some((endpoint, ..)) = next {
            endpoints.push(*endpoint);
            let after = (*endpoint, Timestamp::from_millis(i64::MAX), highest_id());
            next = self.heads.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded)).next();
        }
        endpoints
    }

    /// Writes down what became of one try. Says nothing about a delivery that isn't pending any more.
    pub(super) fn delivered(&mut self, id: DeliveryId, outcome: Delivered) {
        self.change_pending(id, |delivery| {
            delivery.tries += 1;
            match outcome {
                Delivered::Done => {
                    "delivered".clone_into(&mut delivery.state);
                    delivery.last_status = None;
                }
                Delivered::Retry { due_at, status } => {
                    delivery.due_at = due_at;
                    delivery.last_status = status;
                }
                Delivered::Dead { status } => {
                    "dead".clone_into(&mut delivery.state);
                    delivery.last_status = status;
                }
            }
        });
    }

    /// Sends a tenant's dead one again, from the first step of the ladder; whether there was one.
    pub(super) fn requeue(&mut self, tenant: TenantId, id: DeliveryId, at: Timestamp) -> bool {
        let dead = self.deliveries.get(&id).filter(|row| row.tenant == tenant && row.state == "dead");
        let Some(mut delivery) = dead.cloned() else { return false };
        "pending".clone_into(&mut delivery.state);
        delivery.tries = 0;
        delivery.due_at = at;
        self.put_in_line(delivery);
        true
    }

    /// Removes what is still to go to an endpoint that is being removed.
    pub(super) fn remove_pending(&mut self, endpoint: EndpointId) {
        self.heads.retain(|(of, ..)| *of != endpoint);
        self.lines.retain(|(of, _), _| *of != endpoint);
        self.deliveries.retain(|_, row| row.endpoint != endpoint || row.state != "pending");
    }
}

/// The delivery that sorts before all others.
fn lowest_id() -> DeliveryId {
    edge_id("0")
}

/// The delivery that sorts after all others.
fn highest_id() -> DeliveryId {
    edge_id("Z")
}

fn edge_id(digit: &str) -> DeliveryId {
    match DeliveryId::from_body(&digit.repeat(26)) {
        Some(id) => id,
        None => unreachable!("26 characters of the alphabet are an id"),
    }
}
