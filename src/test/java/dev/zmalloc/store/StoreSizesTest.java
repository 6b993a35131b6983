package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.zmalloc.MemoryLimits;
import dev.zmalloc.table.EntryLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Keys and values of every length that changes something, up to the longest, and beyond. */
class StoreSizesTest {
    private static final long FREE_BYTES_FOR_THE_LONGEST_VALUE = 6L << 30;

    @Test
    void keysAndValuesOfEveryLengthAtWhichTheLayoutChanges() {
        int[] lengths = {0, 1, 7, 8, 9, 127, 128, 255, 256, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537};
        Map<String, byte[]> model = new HashMap<>();
        Random random = new Random(5);
        try (OffHeapStore store = OffHeapStore.builder().build();
                Arena arena = Arena.ofConfined()) {
            for (int keyBytes : lengths) {
                for (int valueBytes : lengths) {
                    for (boolean expires : new boolean[] {false, true}) {
                        byte[] key = new byte[keyBytes];
                        byte[] value = new byte[valueBytes];
                        random.nextBytes(key);
                        random.nextBytes(value);
                        if (expires) {
                            store.put(key, value, Duration.ofHours(1));
                        } else {
                            store.put(Form.NATIVE.segment(key, arena), Form.LONGS.segment(value, arena));
                        }
                        model.put(new String(key, java.nio.charset.StandardCharsets.ISO_8859_1), value);
                    }
                }
            }
            assertThat(store.size()).isEqualTo(model.size());
            model.forEach(
                    (key, value) -> assertThat(store.get(key.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1)))
                            .isEqualTo(value));
            StoreValidator.validate(store);
        }
    }

    @Test
    void theLongestKeyFitsAndALongerOneIsRefusedWithTheNumbers() {
        byte[] longest = new byte[OffHeapStore.MAX_KEY_BYTES];
        byte[] tooLong = new byte[OffHeapStore.MAX_KEY_BYTES + 1];
        longest[longest.length - 1] = 1;
        try (OffHeapStore store = OffHeapStore.builder().build();
                Arena arena = Arena.ofConfined()) {
            store.put(longest, new byte[] {5});
            assertThat(store.get(Form.NATIVE.segment(longest, arena))).containsExactly(5);
            longest[longest.length - 1] = 2;
            assertThat(store.containsKey(longest)).isFalse();
            MemorySegment segment = Form.NATIVE.segment(tooLong, arena);
            List<ThrowingCallable> refused = List.of(
                    () -> store.put(tooLong, new byte[1]),
                    () -> store.put(tooLong, new byte[1], Duration.ofHours(1)),
                    () -> store.put(segment, segment),
                    () -> store.putIfAbsent(tooLong, new byte[1]),
                    () -> store.putIfAbsent(segment, segment),
                    () -> store.replace(tooLong, new byte[1]),
                    () -> store.replace(segment, segment),
                    () -> store.replace(tooLong, new byte[1], new byte[1]),
                    () -> store.getAndPut(tooLong, new byte[1]),
                    () -> store.update(tooLong, value -> new byte[1]),
                    () -> store.get(segment),
                    () -> store.remove(segment));
            for (ThrowingCallable call : refused) {
                assertThatThrownBy(call)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(Integer.toString(tooLong.length))
                        .hasMessageContaining(Integer.toString(OffHeapStore.MAX_KEY_BYTES))
                        .hasMessageContaining(Integer.toString(OffHeapStore.MAX_VALUE_BYTES));
            }
            // It cannot be there.
            assertThat(store.get(tooLong)).isNull();
            assertThat(store.remove(tooLong)).isFalse();
            assertThat(store.size()).isEqualTo(1);
            StoreValidator.validate(store);
        }
    }

    /** A segment of more than two gibibytes that takes no memory: only its length is looked at. */
    @Test
    void aValueBeyondTheLongestIsRefusedWithTheNumbers() {
        byte[] key = {1};
        try (OffHeapStore store = OffHeapStore.builder().build()) {
            store.put(key, new byte[3]);
            for (long bytes : new long[] {OffHeapStore.MAX_VALUE_BYTES + 1L, 1L << 31, 1L << 32, 1L << 40}) {
                MemorySegment tooLong = untouchable(bytes);
                MemorySegment keySegment = MemorySegment.ofArray(key);
                for (ThrowingCallable call : List.<ThrowingCallable>of(
                        () -> store.put(keySegment, tooLong),
                        () -> store.putIfAbsent(MemorySegment.ofArray(new byte[] {2}), tooLong),
                        () -> store.putIfAbsent(keySegment, tooLong),
                        () -> store.replace(keySegment, tooLong),
                        () -> store.replace(keySegment, keySegment, tooLong))) {
                    assertThatThrownBy(call)
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(Long.toString(bytes));
                }
                // No value is as long as that.
                assertThat(store.remove(keySegment, tooLong)).isFalse();
                assertThat(store.replace(keySegment, tooLong, keySegment)).isFalse();
                // But a target may be longer than its value.
                assertThatThrownBy(() -> store.put(tooLong, keySegment)).isInstanceOf(IllegalArgumentException.class);
            }
            assertThat(store.get(key)).hasSize(3);
            StoreValidator.validate(store);
        }
    }

    @SuppressWarnings("restricted") // a length without memory
    private static MemorySegment untouchable(long bytes) {
        return MemorySegment.NULL.reinterpret(bytes);
    }

    @Test
    @Tag("process") // once is enough: it takes seconds
    void theLongestValueFits() throws IOException {
        long freeBytes = freeBytes();
        boolean isEnough = freeBytes >= FREE_BYTES_FOR_THE_LONGEST_VALUE;
        String reason = "skipped: the longest value wants 6 GiB of free memory, and " + freeBytes + " bytes are free";
        if (!isEnough) {
            System.err.println("WARNING: StoreSizesTest.theLongestValueFits is " + reason);
        }
        assumeTrue(isEnough, reason);
        int longest = OffHeapStore.MAX_VALUE_BYTES;
        byte[] key = new byte[100_000];
        try (OffHeapStore store = OffHeapStore.builder().build();
                Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(longest, 1);
            for (long offset = 0; offset < longest; offset += 4_093) {
                value.set(ValueLayout.JAVA_BYTE, offset, (byte) (offset % 251));
            }
            store.put(MemorySegment.ofArray(key), value);
            assertThat(store.usedMemory()).isGreaterThan(longest);
            assertThat(store.entryBytes(key).getAsLong())
                    .isGreaterThanOrEqualTo(longest + (long) key.length + EntryLayout.MAX_HEADER_BYTES - Long.BYTES);
            assertThat(store.<Long>read(key, stored -> stored.mismatch(value))).isEqualTo(-1);
            value.fill((byte) 0);
            assertThat(store.getInto(MemorySegment.ofArray(key), value)).isEqualTo(longest);
            for (long offset = 0; offset < longest; offset += 4_093) {
                if (value.get(ValueLayout.JAVA_BYTE, offset) != (byte) (offset % 251)) {
                    throw new AssertionError("a wrong byte at " + offset);
                }
            }
            assertThat(store.remove(MemorySegment.ofArray(key), value)).isTrue();
            StoreValidator.validate(store);
        }
    }

    private static long freeBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
            if (line.startsWith("MemAvailable:")) {
                long availableBytes = Long.parseLong(line.replaceAll("\\D", "")) << 10;
                return Math.min(
                        availableBytes, MemoryLimits.read().cgroupBytes().orElse(Long.MAX_VALUE));
            }
        }
        return 0;
    }
}
