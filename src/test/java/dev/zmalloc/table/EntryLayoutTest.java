package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EntryLayoutTest {
    private static final int[] LENGTHS = {0, 1, 16, 255, 256, 65_535, 65_536, 70_000};

    @Test
    void keepsLengthsKeyAndValueAtEveryWidth() {
        Random random = new Random(3);
        for (int keyBytes : LENGTHS) {
            for (int valueBytes : LENGTHS) {
                byte[] key = new byte[keyBytes];
                byte[] value = new byte[valueBytes];
                random.nextBytes(key);
                random.nextBytes(value);
                long bytes = EntryLayout.entryBytes(keyBytes, valueBytes);
                long entry = RawZMalloc.zmalloc(bytes);
                EntryLayout.write(entry, key, value);
                assertThat(EntryLayout.keyBytes(entry)).isEqualTo(keyBytes);
                assertThat(EntryLayout.valueBytes(entry)).isEqualTo(valueBytes);
                assertThat(EntryLayout.entryBytes(entry)).isEqualTo(bytes);
                assertThat(EntryLayout.hasKey(entry, key)).isTrue();
                assertThat(EntryLayout.hasKey(entry, new byte[keyBytes + 1])).isFalse();
                assertThat(Memory.equal(EntryLayout.valueAddress(entry), value, 0, valueBytes))
                        .isTrue();
                assertThat(EntryLayout.valueAddress(entry) + valueBytes).isEqualTo(entry + bytes);
                RawZMalloc.zfree(entry);
            }
        }
    }

    @Test
    void aSmallEntryHasAHeaderOfThreeBytesAndTheLargestOfNine() {
        assertThat(EntryLayout.entryBytes(16, 100)).isEqualTo(3 + 116);
        assertThat(EntryLayout.entryBytes(Integer.MAX_VALUE, Integer.MAX_VALUE))
                .isEqualTo(EntryLayout.MAX_HEADER_BYTES + 2L * Integer.MAX_VALUE);
    }
}
