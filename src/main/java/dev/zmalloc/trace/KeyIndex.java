package dev.zmalloc.trace;

import java.util.Arrays;

/**
 * Numbers keys in the order in which they first come, from 0. Open addressing with linear probing, at most two thirds
 * full: 12 to 24 bytes a key.
 */
final class KeyIndex {
    private static final int ABSENT = -1;

    private long[] keys = new long[1 << 10];
    private int[] numbers = filled(keys.length);
    private int size;

    /** How many keys there are. */
    int size() {
        return size;
    }

    /** The key's number; {@link #size} before the call, if it is new. */
    int numberOf(long key) {
        int place = place(key);
        if (numbers[place] == ABSENT) {
            if (size >= keys.length / 3 * 2) {
                grow();
                place = place(key);
            }
            keys[place] = key;
            numbers[place] = size++;
        }
        return numbers[place];
    }

    private int place(long key) {
        int mask = keys.length - 1;
        int place = (int) TraceReader.mixed(key) & mask;
        while (numbers[place] != ABSENT && keys[place] != key) {
            place = (place + 1) & mask;
        }
        return place;
    }

    private void grow() {
        if (keys.length == 1 << 30) {
            throw new OutOfMemoryError("more keys than an array holds");
        }
        long[] oldKeys = keys;
        int[] oldNumbers = numbers;
        keys = new long[2 * oldKeys.length];
        numbers = filled(keys.length);
        for (int index = 0; index < oldKeys.length; index++) {
            if (oldNumbers[index] != ABSENT) {
                int place = place(oldKeys[index]);
                keys[place] = oldKeys[index];
                numbers[place] = oldNumbers[index];
            }
        }
    }

    private static int[] filled(int length) {
        int[] numbers = new int[length];
        Arrays.fill(numbers, ABSENT);
        return numbers;
    }
}
