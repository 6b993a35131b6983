package dev.zmalloc.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One step of the model test: data alone, so that a sequence of them can be shown, cut down and run again.
 *
 * @param kind what is done
 * @param key number of the key
 * @param value number of the value
 * @param form where key and value lie
 * @param millis how long the entry is to live, or how far the clock goes
 */
record StoreAction(Kind kind, int key, int value, Form form, int millis) {
    /** What can be done to a store. */
    enum Kind {
        GET,
        GET_INTO,
        GET_ALL,
        READ,
        LEASE,
        CONTAINS_KEY,
        PUT,
        PUT_WITH_TIME,
        PUT_IF_ABSENT,
        PUT_ALL,
        REPLACE,
        REPLACE_EXPECTED,
        REMOVE,
        REMOVE_EXPECTED,
        GET_AND_PUT,
        GET_AND_REMOVE,
        UPDATE,
        EXPIRE,
        PERSIST,
        TIME_TO_LIVE,
        ENTRY_BYTES,
        SCAN,
        RANDOM_KEY,
        ADVANCE,
        KEEP,
        CLEAR,
        /** Another policy. */
        POLICY,
        /** Another limit. */
        LIMIT
    }

    private static final Kind[] KINDS = Kind.values();
    private static final Form[] FORMS = Form.values();

    /**
     * Random steps on some keys, often several on one key after another. Many store something that expires; removing
     * all of that, or everything, is rare. Policy and limit stay as they are.
     */
    static List<StoreAction> sequence(SplittableRandom random, int steps, int keys) {
        return sequence(random, steps, keys, KINDS.length - 2);
    }

    /** The same with changes of policy and limit, which are rare too. */
    static List<StoreAction> sequenceWithChanges(SplittableRandom random, int steps, int keys) {
        return sequence(random, steps, keys, KINDS.length);
    }

    private static List<StoreAction> sequence(SplittableRandom random, int steps, int keys, int kinds) {
        List<StoreAction> sequence = new ArrayList<>();
        int key = 0;
        for (int step = 0; step < steps; step++) {
            Kind kind = switch (random.nextInt(6)) {
                case 0 -> Kind.PUT;
                case 1 -> Kind.PUT_WITH_TIME;
                default -> KINDS[random.nextInt(kinds)];
            };
            if ((kind == Kind.KEEP || kind.compareTo(Kind.CLEAR) >= 0) && random.nextInt(5) != 0) {
                kind = Kind.GET;
            }
            key = random.nextInt(3) == 0 ? key : random.nextInt(keys);
            Form form = FORMS[random.nextInt(FORMS.length)];
            sequence.add(new StoreAction(kind, key, random.nextInt(1_000), form, 1 + random.nextInt(40)));
        }
        return sequence;
    }

    byte[] keyBytes() {
        return keyBytes(key);
    }

    /** The empty key is number 0; most have some bytes, some so many that their length takes two or four. */
    static byte[] keyBytes(int number) {
        int length = switch (number % 16) {
            case 0 -> number == 0 ? 0 : 4;
            case 13 -> 126 + number % 5;
            case 14 -> 254 + number % 5;
            case 15 -> number % 512 == 15 ? 65_534 + number % 5 : 700;
            default -> 4 + number % 20;
        };
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) number);
        if (length >= Integer.BYTES) {
            ByteBuffer.wrap(bytes).putInt(number);
        }
        return bytes;
    }

    /** The number of which {@link #keyBytes(int)} made a key. */
    static int number(byte[] key) {
        return key.length == 0 ? 0 : ByteBuffer.wrap(key).getInt();
    }

    byte[] valueBytes() {
        return valueBytes(key, value);
    }

    /** A value that tells its key and number, if it is long enough. */
    static byte[] valueBytes(int key, int number) {
        int length = number % 50 == 49 ? 30_000 + number * 5 : number % 10 == 9 ? 255 + number % 3 : number % 300;
        byte[] bytes = new byte[length];
        new SplittableRandom(key * 1_000L + number).nextBytes(bytes);
        return bytes;
    }
}
