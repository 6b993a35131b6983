package dev.zmalloc.bench.peers;

import dev.zmalloc.cli.ZipfRanks;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/**
 * The keys of all benches, by number, and seeded orders in which to ask for them.
 *
 * <p>A key's bytes follow from its number, which they hide: numbers next to each other make keys that share nothing.
 * They are worked out when they are needed, in the cache; an array of a million keys would add a miss of its own to
 * each operation of each peer.
 */
public final class KeyStream {
    /** Bytes of a key. */
    public static final int KEY_BYTES = 16;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long SHUFFLE_SEED = 17;

    private KeyStream() {}

    /** Writes the key of that number into an array of 8 bytes or more; 16 are filled, of more the first 16. */
    public static void key(long number, byte[] key) {
        long first = mix(number + 0x9E3779B97F4A7C15L);
        LONGS.set(key, 0, first);
        if (key.length >= KEY_BYTES) {
            LONGS.set(key, Long.BYTES, mix(~first));
        }
    }

    /** One to one, so that no two numbers have the same key. */
    static long mix(long number) {
        long mixed = (number ^ (number >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }

    /** Puts a number in front of a value. */
    public static void stamp(byte[] value, long number) {
        LONGS.set(value, 0, number);
    }

    /** What {@link #stamp} has put there. */
    public static long stampOf(byte[] value) {
        return (long) LONGS.get(value, 0);
    }

    /** The same at another place of the value. */
    static void stamp(byte[] value, int offset, long number) {
        LONGS.set(value, offset, number);
    }

    /**
     * Numbers from 0 on, drawn with Zipf's distribution. Which number is drawn the most is not told by its size, and is
     * the same for all seeds.
     *
     * @param items how many numbers there are
     */
    public static int[] zipf(int items, double exponent, int draws, long seed) {
        int[] numberOfRank = shuffled(items);
        ZipfRanks ranks = new ZipfRanks(items, exponent);
        SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L);
        int[] numbers = new int[draws];
        for (int draw = 0; draw < draws; draw++) {
            numbers[draw] = numberOfRank[ranks.sample(random) - 1];
        }
        return numbers;
    }

    /** Makes a share of the numbers negative, {@code ~number}: those are to be written, the others read. */
    static void markWrites(int[] numbers, double share, long seed) {
        SplittableRandom random = new SplittableRandom(~seed);
        for (int draw = 0; draw < numbers.length; draw++) {
            if (random.nextDouble() < share) {
                numbers[draw] = ~numbers[draw];
            }
        }
    }

    private static int[] shuffled(int items) {
        SplittableRandom random = new SplittableRandom(SHUFFLE_SEED);
        int[] numbers = new int[items];
        for (int number = 0; number < items; number++) {
            int other = random.nextInt(number + 1);
            numbers[number] = numbers[other];
            numbers[other] = number;
        }
        return numbers;
    }
}
