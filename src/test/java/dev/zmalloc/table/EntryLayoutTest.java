package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EntryLayoutTest {
    private static final int[] LENGTHS = {0, 1, 16, 127, 128, 255, 256, 65_535, 65_536, 70_000};

    @Test
    void keepsLengthsKeyAndValueAtEveryWidth() {
        Random random = new Random(3);
        for (int keyBytes : LENGTHS) {
            for (int valueBytes : LENGTHS) {
                byte[] key = new byte[keyBytes];
                byte[] value = new byte[valueBytes];
                random.nextBytes(key);
                random.nextBytes(value);
                for (long expiry : new long[] {EntryLayout.NEVER, 0, 1_700_000_000_000L}) {
                    long bytes = EntryLayout.entryBytes(keyBytes, valueBytes, expiry != EntryLayout.NEVER);
                    long entry = RawZMalloc.zmalloc(bytes);
                    EntryLayout.writeHeader(entry, keyBytes, valueBytes, expiry);
                    Memory.copyIn(key, 0, EntryLayout.keyAddress(entry), keyBytes);
                    Memory.copyIn(value, 0, EntryLayout.valueAddress(entry), valueBytes);
                    assertThat(EntryLayout.expiry(entry)).isEqualTo(expiry);
                    if (expiry != EntryLayout.NEVER) {
                        EntryLayout.setExpiry(entry, -5);
                        assertThat(EntryLayout.expiry(entry)).isEqualTo(-5);
                        assertThat(EntryLayout.place(entry)).isEqualTo(EntryLayout.NO_PLACE);
                    }
                    assertThat(EntryLayout.keyBytes(entry)).isEqualTo(keyBytes);
                    assertThat(EntryLayout.valueBytes(entry)).isEqualTo(valueBytes);
                    assertThat(EntryLayout.entryBytes(entry)).isEqualTo(bytes);
                    assertThat(EntryLayout.hasKey(entry, key, keyBytes)).isTrue();
                    assertThat(EntryLayout.hasKey(entry, MemorySegment.ofArray(key), keyBytes))
                            .isTrue();
                    assertThat(EntryLayout.hasKey(entry, new byte[keyBytes + 1], keyBytes + 1))
                            .isFalse();
                    if (keyBytes > 0) {
                        byte[] other = key.clone();
                        other[keyBytes - 1]++;
                        assertThat(EntryLayout.hasKey(entry, other, keyBytes)).isFalse();
                    }
                    assertThat(EntryLayout.copyOfKey(entry)).isEqualTo(key);
                    assertThat(EntryLayout.copyOfValue(entry)).isEqualTo(value);
                    assertThat(EntryLayout.copyOfValue(entry, keyBytes, Math.max(255, valueBytes)))
                            .isEqualTo(value);
                    assertThat(EntryLayout.copyOfValue(entry, keyBytes, Math.max(255, valueBytes - 1)))
                            .isEqualTo(valueBytes > 255 ? null : value);
                    assertThat(Memory.equal(EntryLayout.valueAddress(entry), value, 0, valueBytes))
                            .isTrue();
                    assertThat(EntryLayout.valueAddress(entry) + valueBytes).isEqualTo(entry + bytes);
                    RawZMalloc.zfree(entry);
                }
            }
        }
    }

    @Test
    void aSmallEntryHasAHeaderOfTwoBytesAndTheLargestOfTwentyFour() {
        assertThat(EntryLayout.entryBytes(16, 100, false)).isEqualTo(2 + 116);
        assertThat(EntryLayout.entryBytes(127, 255, false)).isEqualTo(2 + 127 + 255);
        assertThat(EntryLayout.entryBytes(128, 255, false)).isEqualTo(3 + 128 + 255);
        assertThat(EntryLayout.entryBytes(16, 100, true)).isEqualTo(16 + 116);
        assertThat(EntryLayout.entryBytes(EntryLayout.MAX_KEY_BYTES, EntryLayout.MAX_VALUE_BYTES, true))
                .isEqualTo(
                        (long) EntryLayout.MAX_HEADER_BYTES + EntryLayout.MAX_KEY_BYTES + EntryLayout.MAX_VALUE_BYTES);
    }
}
