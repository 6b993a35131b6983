package dev.zmalloc.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class PageSizeTest {
    @Test
    void isFoundAmongOtherWords() {
        ByteBuffer vector = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
        vector.putLong(16).putLong(6).putLong(6).putLong(65_536).putLong(0).putLong(0);

        assertThat(PageSize.find(vector.array())).hasValue(65_536);
    }

    @Test
    void isEmptyWhereItIsNotTold() {
        assertThat(PageSize.find(new byte[40])).isEmpty();
        assertThat(PageSize.find(new byte[3])).isEmpty();
    }

    @Test
    void isAPowerOfTwoHere() {
        assertThat(Long.bitCount(PageSize.bytes().orElseThrow())).isOne();
    }
}
