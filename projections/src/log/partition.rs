//! In which partition of the log's topic the events of a subject are. The number is part of the contract; it knows no
//! broker.

/// How many partitions the topic has, for ever: what is in one partition stays in order.
pub const PARTITIONS: i32 = 12;

/// The partition of a key, as every Java client would choose it.
#[must_use]
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    let hash = murmur2::murmur2(key.as_bytes(), murmur2::KAFKA_SEED) & 0x7fff_ffff;
    i32::try_from(hash).unwrap_or_default().checked_rem(partitions).unwrap_or_default()
}

/// The partition of the topic in which the events of a subject are.
#[must_use]
pub fn partition_of_subject(subject: &str) -> i32 {
    partition_of(subject, PARTITIONS)
}

#[cfg(test)]
mod tests {
    use super::partition_of;

    /// What Kafka's own `DefaultPartitioner` says, from its tests of `Utils.murmur2`.
    #[test]
    fn a_key_has_the_partition_that_a_java_client_gives_it() {
        let hashes = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ];
        for (key, hash) in hashes {
            assert_eq!(partition_of(key, 12), (hash & i32::MAX) % 12, "{key}");
        }
    }
}
