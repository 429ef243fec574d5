use crate::meter::Account;
use crate::scope::Unbilled;
use std::sync::Arc;

/// Bytes that others allocated and measured work keeps: billed to it by their length from
/// [`Meter::take_over`](crate::Meter::take_over) until they are dropped.
///
/// Whose memory they lie in is not known, and it may be shared: that it goes is nobody's bill. Otherwise the work would
/// seem to free what it never had, and its live bytes would fall below zero.
#[derive(Debug)]
pub struct Taken<T: AsRef<[u8]>> {
    account: Arc<Account>,
    /// `None` only while it is dropped.
    value: Option<T>,
    bytes: u64,
}

impl<T: AsRef<[u8]>> Taken<T> {
    pub(crate) fn new(account: Arc<Account>, value: T) -> Self {
        let bytes = value.as_ref().len() as u64;
        account.bill(bytes, 0, 0);
        Self { account, value: Some(value), bytes }
    }
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Taken<T> {
    fn as_ref(&self) -> &[u8] {
        self.value.as_ref().map_or(&[], T::as_ref)
    }
}

impl<T: AsRef<[u8]>> Drop for Taken<T> {
    fn drop(&mut self) {
        let value = self.value.take();
        let unbilled = Unbilled::begin();
        drop(value);
        drop(unbilled);
        self.account.bill(0, self.bytes, 0);
    }
}
