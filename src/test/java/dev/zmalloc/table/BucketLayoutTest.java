package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
    void slotsKeepAddressAccessAndKindApart() {
        long bucket = RawZMalloc.zcalloc(BucketLayout.BUCKET_BYTES);
        long address = 0x7FFF_1234_5678L;
        for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
            long slotWord = BucketLayout.slotWord(address + 8L * slot, 0xFFFF - slot, slot % 2 == 1);
            BucketLayout.set(bucket, slot, 200 + slot, slotWord);
        }
        for (int slot = 0; slot < BucketLayout.SLOTS; slot++) {
            long slotAddress = BucketLayout.slotAddress(bucket, slot);
            long slotWord = BucketLayout.slotWordAt(slotAddress);
            assertThat(BucketLayout.address(slotWord)).isEqualTo(address + 8L * slot);
            assertThat(BucketLayout.accessOf(slotWord)).isEqualTo(0xFFFF - slot);
            assertThat(BucketLayout.expires(slotWord)).isEqualTo(slot % 2 == 1);
            BucketLayout.setAccess(slotAddress, slot);
            slotWord = BucketLayout.slotWordAt(slotAddress);
            assertThat(BucketLayout.address(slotWord)).isEqualTo(address + 8L * slot);
            assertThat(BucketLayout.accessOf(slotWord)).isEqualTo(slot);
            assertThat(BucketLayout.isChild(slotWord)).isFalse();
            assertThat(BucketLayout.fingerprint(BucketLayout.word(bucket), slot))
                    .isEqualTo(200 + slot);
        }
        assertThat(BucketLayout.child(bucket)).isZero();
        BucketLayout.clear(bucket, 3);
        assertThat(BucketLayout.presence(BucketLayout.word(bucket))).isEqualTo(0b111_0111);
        long last = BucketLayout.slotAddress(bucket, BucketLayout.CHILD_SLOT);
        BucketLayout.setSlotWord(last, BucketLayout.childWord(address));
        // A reader's late store.
        BucketLayout.setAccess(last, 0xFFFF);
        assertThat(BucketLayout.child(bucket)).isEqualTo(address);
        RawZMalloc.zfree(bucket);
    }

    @Test
    void refusesAddressesThatDoNotFit() {
        for (long address : new long[] {1L << 48, 0x7FFF_1234_5679L, 4, -8}) {
            assertThatThrownBy(() -> BucketLayout.slotWord(address, 0, false))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining(Long.toHexString(address));
        }
    }
}
