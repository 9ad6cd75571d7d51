"""Reads a topic from its first message to its end: `consume.py BROKERS TOPIC`. Prints a line of JSON for each message."""

import json
import sys

from kafka import KafkaConsumer, TopicPartition

brokers, topic = sys.argv[1:]
consumer = KafkaConsumer(bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="earliest")
partitions = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic))]
consumer.assign(partitions)
consumer.seek_to_beginning(*partitions)
ends = consumer.end_offsets(partitions)
while any(consumer.position(partition) < ends[partition] for partition in partitions):
    for messages in consumer.poll(timeout_ms=1000).values():
        for message in messages:
            print(
                json.dumps(
                    {
                        "partition": message.partition,
                        "key": message.key.decode(),
                        "value": message.value.decode(),
                        "headers": {name: value.decode() for name, value in message.headers},
                    }
                )
            )
