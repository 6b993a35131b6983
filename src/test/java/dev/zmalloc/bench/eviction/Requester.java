package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.peers.ByteMap;
import dev.zmalloc.bench.peers.KeyStream;

/**
 * One thread's requests to a cache: {@code get}, and {@code put} on a miss, in an order that is given. Every value is
 * copied out, belongs to its key or ends the run, and is consumed.
 */
final class Requester {
    static final int VALUE_BYTES = 100;
    static final int PAYLOAD_BYTES = KeyStream.KEY_BYTES + VALUE_BYTES;

    private static final int REQUESTS_PER_LOOK = 256;
    private static final double NANOS_PER_SECOND = 1e9;

    private final ByteMap map;
    private final int[] numbers;
    private final byte[] key = new byte[KeyStream.KEY_BYTES];
    private final byte[] value = new byte[VALUE_BYTES];
    private int position;
    private long requests;
    private long hits;
    private long nanos;
    private long consumed;

    /** Begins at that place of the order, and at its start again when it is at its end. */
    Requester(ByteMap map, int[] numbers, int position) {
        this.map = map;
        this.numbers = numbers;
        this.position = position;
    }

    /** Makes so many requests, or as many as it can before {@link System#nanoTime} passes an end. */
    void request(long atMost, long endNanos) {
        requests = 0;
        hits = 0;
        long start = System.nanoTime();
        long now = start;
        while (requests < atMost && now - endNanos < 0) {
            for (int count = 0; count < REQUESTS_PER_LOOK; count++) {
                request(numbers[position]);
                position = position + 1 == numbers.length ? 0 : position + 1;
            }
            requests += REQUESTS_PER_LOOK;
            now = System.nanoTime();
        }
        nanos = now - start;
    }

    private void request(int number) {
        KeyStream.key(number, key);
        byte[] found = map.get(key);
        if (found == null) {
            KeyStream.stamp(value, number);
            map.put(key, value);
            return;
        }
        if (KeyStream.stampOf(found) != number) {
            throw new IllegalStateException("entry " + number + " has the value of " + KeyStream.stampOf(found));
        }
        hits++;
        consumed += found[found.length - 1];
    }

    long requests() {
        return requests;
    }

    long hits() {
        return hits;
    }

    double perSecond() {
        return requests * NANOS_PER_SECOND / nanos;
    }

    /** What came of the values, so that nobody leaves out to read them. */
    long consumed() {
        return consumed;
    }
}
