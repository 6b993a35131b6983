package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BucketLayoutTest {
    /** The seven bytes at once against one by one, over random words and every fingerprint. */
    @Test
    void candidatesAreExactlyTheSlotsWithTheFingerprint() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 2_000; round++) {
            // Few different byte values, so that several slots match, next to bytes that differ by one bit.
            long word = random.nextLong() & (round % 2 == 0 ? -1L : 0x8181_0101_8080_0303L);
            for (int fingerprint = 0; fingerprint < 256; fingerprint++) {
                int expected = 0;
                for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
                    if (BucketLayout.fingerprint(word, slot) == fingerprint) {
                        expected |= 1 << slot;
                    }
                }
                int found = 0;
                long bits = BucketLayout.candidates(word, (long) fingerprint << 56);
                for (; bits != 0; bits &= bits - 1) {
                    found |= 1 << BucketLayout.slotOf(bits);
                }
                assertThat(found).isEqualTo(expected);
            }
        }
    }

    @Test
    void slotsKeepAddressAndAccessApart() {
        long bucket = RawZMalloc.zcalloc(BucketLayout.BUCKET_BYTES);
        long address = 0x7FFF_1234_5678L;
        for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
            BucketLayout.set(bucket, slot, 200 + slot, BucketLayout.slotWord(address + slot, 0xFFFF - slot));
        }
        for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
            long slotAddress = BucketLayout.slotAddress(bucket, slot);
            assertThat(BucketLayout.entry(slotAddress)).isEqualTo(address + slot);
            assertThat(BucketLayout.access(slotAddress)).isEqualTo(0xFFFF - slot);
            BucketLayout.setAccess(slotAddress, slot);
            assertThat(BucketLayout.entry(slotAddress)).isEqualTo(address + slot);
            assertThat(BucketLayout.access(slotAddress)).isEqualTo(slot);
            assertThat(BucketLayout.fingerprint(BucketLayout.word(bucket), slot))
                    .isEqualTo(200 + slot);
        }
        BucketLayout.clear(bucket, 3);
        assertThat(BucketLayout.presence(BucketLayout.word(bucket))).isEqualTo(0b111_0111);
        RawZMalloc.zfree(bucket);
    }
}
