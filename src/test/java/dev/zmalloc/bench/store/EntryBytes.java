package dev.zmalloc.bench.store;

import dev.zmalloc.bench.peers.KeyStream;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Predicate;

/**
 * What the store needs for an entry beyond its key and value, by its own count of used memory: for each payload of 16
 * to 112 bytes, with keys of 8 and of 16, at each of several numbers of entries.
 */
final class EntryBytes {
    static final int LEAST_PAYLOAD = 16;
    static final int MOST_PAYLOAD = 112;
    static final List<Integer> KEY_BYTES = List.of(8, 16);
    static final List<Integer> COUNTS =
            List.of(700_000, 800_000, 900_000, 1_000_000, 1_100_000, 1_200_000, 1_300_000, 1_400_000);

    /** Coprime to the distances between size classes, so that a quick run does not hit the same place of each. */
    static final int QUICK_STEP = 7;

    private static final long LIMIT = 1L << 30;
    private static final String MARK = "entry_bytes";

    private EntryBytes() {}

    /**
     * Bytes of an entry beyond {@code payload}, of which {@code keyBytes} are the key's, among {@code count} others.
     */
    record Point(int keyBytes, int payload, int count, double bytes) {
        String line() {
            return String.join(
                    " ",
                    MARK,
                    Integer.toString(keyBytes),
                    Integer.toString(payload),
                    Integer.toString(count),
                    Double.toString(bytes));
        }

        static Point parse(String line) {
            String[] fields = line.split(" ");
            return new Point(
                    Integer.parseInt(fields[1]),
                    Integer.parseInt(fields[2]),
                    Integer.parseInt(fields[3]),
                    Double.parseDouble(fields[4]));
        }
    }

    /** All points of a run. */
    record Points(List<Point> all) {
        static Points parse(String output) {
            return new Points(output.lines()
                    .filter(line -> line.startsWith(MARK + " "))
                    .map(Point::parse)
                    .toList());
        }

        double mean(Predicate<Point> which) {
            return all.stream()
                    .filter(which)
                    .mapToDouble(Point::bytes)
                    .average()
                    .orElseThrow();
        }

        double meanOfCount(int count) {
            return mean(point -> point.count() == count);
        }

        Point worst() {
            return all.stream()
                    .max((one, other) -> Double.compare(one.bytes(), other.bytes()))
                    .orElseThrow();
        }

        /** The mean over all counts, for each payload there is. */
        List<double[]> byPayload(int keyBytes) {
            DoubleUnaryOperator mean =
                    payload -> mean(point -> point.keyBytes() == keyBytes && point.payload() == (int) payload);
            return all.stream()
                    .filter(point -> point.keyBytes() == keyBytes)
                    .mapToDouble(Point::payload)
                    .distinct()
                    .sorted()
                    .mapToObj(payload -> new double[] {payload, mean.applyAsDouble(payload)})
                    .toList();
        }
    }

    /** Takes the distance from one payload to the next. */
    public static void main(String[] arguments) {
        int step = Integer.parseInt(arguments[0]);
        for (int payload = LEAST_PAYLOAD; payload <= MOST_PAYLOAD; payload += step) {
            for (int keyBytes : KEY_BYTES) {
                measure(keyBytes, payload).forEach(point -> System.out.println(point.line()));
            }
        }
    }

    private static List<Point> measure(int keyBytes, int payload) {
        List<Point> points = new ArrayList<>();
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(LIMIT)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            byte[] key = new byte[keyBytes];
            byte[] value = new byte[payload - keyBytes];
            int number = 0;
            for (int count : COUNTS) {
                for (; number < count; number++) {
                    KeyStream.key(number, key);
                    store.put(key, value);
                }
                if (store.size() != count) {
                    throw new IllegalStateException(store.size() + " entries are there, not " + count);
                }
                points.add(new Point(keyBytes, payload, count, (double) store.usedMemory() / count - payload));
            }
        }
        return points;
    }
}
