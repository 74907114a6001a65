//! Messages to be sent outside: written with what they tell of, sent at least once.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;
use uuid::Uuid;

use crate::error::RegisterError;
use crate::people::{check_plain, parse_id};
use crate::register::{Register, Writing, micros};
use crate::secret::new_id;

/// A message that waits to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxMessage {
    /// `UUIDv7`: receivers that know it have had the message.
    pub id: Uuid,
    /// What it is about.
    pub topic: String,
    /// Its content.
    pub payload: Value,
    /// How often somebody has tried to send it, this time included.
    pub attempts: u32,
}

impl Writing<'_> {
    /// Adds a message in the transaction of what it tells of.
    pub(crate) fn append_outbox(
        &self,
        topic: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Result<Uuid, RegisterError> {
        let id = new_id(now)?;
        self.transaction.execute(
            "INSERT INTO outbox (id, topic, payload, created_us, attempts) VALUES (?1, ?2, ?3, ?4, 0)",
            params![id.to_string(), topic, payload.to_string(), micros(now)],
        )?;
        Ok(id)
    }
}

impl Register {
    /// Adds a message.
    ///
    /// # Errors
    /// If the topic is not plain.
    pub fn append_outbox(
        &mut self,
        topic: &str,
        payload: &Value,
        now: Timestamp,
    ) -> Result<Uuid, RegisterError> {
        check_plain("topic", topic)?;
        self.write(|writing| writing.append_outbox(topic, payload, now))
    }

    /// Takes the oldest message that nobody holds; another may have it when the lease is over.
    ///
    /// # Errors
    /// If the register cannot be written.
    pub fn lease_outbox(
        &mut self,
        worker: &str,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<OutboxMessage>, RegisterError> {
        let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        self.write(|writing| {
            let next = writing
                .transaction
                .query_row(
                    "UPDATE outbox SET worker = ?1, lease_until_us = ?2, attempts = attempts + 1
                     WHERE id = (SELECT id FROM outbox WHERE done_us IS NULL
                         AND (lease_until_us IS NULL OR lease_until_us <= ?3)
                         ORDER BY created_us, id LIMIT 1)
                     RETURNING id, topic, payload, attempts",
                    params![worker, micros(now).saturating_add(lease), micros(now)],
                    |row| {
                        let texts: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
                        Ok((texts, row.get::<_, u32>(3)?))
                    },
                )
                .optional()?;
            let Some(([id, topic, payload], attempts)) = next else { return Ok(None) };
            let payload = serde_json::from_str(&payload).map_err(RegisterError::damaged)?;
            Ok(Some(OutboxMessage { id: parse_id(&id)?, topic, payload, attempts }))
        })
    }

    /// Says that a message has been sent.
    ///
    /// # Errors
    /// [`RegisterError::JobLost`] if another worker holds it by now.
    pub fn outbox_done(
        &mut self,
        id: Uuid,
        worker: &str,
        now: Timestamp,
    ) -> Result<(), RegisterError> {
        self.write(|writing| {
            let held = writing.transaction.execute(
                "UPDATE outbox SET done_us = ?3 WHERE id = ?1 AND worker = ?2 AND done_us IS NULL",
                params![id.to_string(), worker, micros(now)],
            )?;
            let (id, worker) = (id.to_string(), worker.to_owned());
            if held == 0 { Err(RegisterError::JobLost { id, worker }) } else { Ok(()) }
        })
    }
}
