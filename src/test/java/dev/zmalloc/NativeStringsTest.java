package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("core")
class NativeStringsTest {
    private final long usedBefore = ZMalloc.zmallocUsedMemory();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "seven b",
                "eight by",
                "\u00e4\u00f6\u00fc",
                "\u20ac",
                "\ud83d\ude00",
                "\uffff",
                "\u007f"
            })
    void thereAndBack(String string) {
        long bytes = string.getBytes(StandardCharsets.UTF_8).length;

        MemorySegment block = ZMalloc.zstrdup(string);
        assertThat(block.byteSize()).isEqualTo(bytes + 1);
        assertThat(block.get(ValueLayout.JAVA_BYTE, bytes)).isZero();
        assertThat(ZMalloc.zstrlen(block)).isEqualTo(bytes);
        assertThat(ZMalloc.zstring(block)).isEqualTo(string).isEqualTo(block.getString(0));
        ZMalloc.zfree(block, block.byteSize());

        UsableBytes usable = new UsableBytes();
        long address = RawZMalloc.zstrdupUsable(string, usable);
        assertThat(usable.usable()).isEqualTo(RawZMalloc.zmallocSize(address)).isGreaterThan(bytes);
        assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(usable.usable());
        assertThat(RawZMalloc.zstrlen(address)).isEqualTo(bytes);
        assertThat(RawZMalloc.zstring(address)).isEqualTo(string);
        RawZMalloc.zfree(address, bytes + 1);
        MemorySegment whole = ZMalloc.zstrdupUsable(string);
        assertThat(whole.byteSize()).isEqualTo(ZMalloc.zmallocSize(whole)).isGreaterThan(bytes);
        assertThat(ZMalloc.zstrlen(whole)).isEqualTo(bytes);
        assertThat(ZMalloc.zstring(whole)).isEqualTo(string);
        ZMalloc.zfree(whole, whole.byteSize());
        address = RawZMalloc.ztrystrdupUsable(string, usable);
        assertThat(usable.usable()).isEqualTo(RawZMalloc.zmallocSize(address));
        assertThat(RawZMalloc.zstring(address)).isEqualTo(string);
        RawZMalloc.zfree(address, usable.usable());
        ZMalloc.zfree(ZMalloc.ztrystrdupUsable(string));
        RawZMalloc.zfree(RawZMalloc.zstrdup(string));
        RawZMalloc.zfree(RawZMalloc.ztrystrdup(string));
        ZMalloc.zfree(ZMalloc.ztrystrdup(string));
    }

    @Test
    void longStrings() {
        String string = "\u00e9".repeat(1_000_000);
        MemorySegment block = ZMalloc.zstrdup(string);
        assertThat(ZMalloc.zstrlen(block)).isEqualTo(2_000_000);
        assertThat(ZMalloc.zstring(block)).isEqualTo(string);
        ZMalloc.zfree(block);
    }

    @Test
    void refusesAZeroWithinTheString() {
        for (String string : new String[] {"\0", "ab\0", "\0ab", "a\0b"}) {
            String message = "at index " + string.indexOf('\0') + " of " + string.length();
            assertThatThrownBy(() -> ZMalloc.zstrdup(string))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith(message);
            assertThatThrownBy(() -> ZMalloc.ztrystrdup(string)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RawZMalloc.zstrdup(string)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RawZMalloc.ztrystrdup(string)).isInstanceOf(IllegalArgumentException.class);
            UsableBytes usable = new UsableBytes();
            assertThatThrownBy(() -> RawZMalloc.zstrdupUsable(string, usable))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> RawZMalloc.ztrystrdupUsable(string, usable))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ZMalloc.zstrdupUsable(string)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> ZMalloc.ztrystrdupUsable(string)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** As the JDK's own encoders do. */
    @Test
    void unpairedSurrogatesBecomeQuestionMarks() {
        MemorySegment block = ZMalloc.zstrdup("a\ud800b\udc00\ud83d");
        assertThat(ZMalloc.zstring(block)).isEqualTo("a?b??");
        ZMalloc.zfree(block);
    }

    @Test
    void bytesThatAreNotUtf8BecomeReplacementCharacters() {
        MemorySegment heap = MemorySegment.ofArray(new byte[] {'a', (byte) 0xFF, 'b', 0, 'c'});
        assertThat(ZMalloc.zstring(heap)).isEqualTo("a\ufffdb");
        assertThat(ZMalloc.zstrlen(heap)).isEqualTo(3);
    }

    @Test
    void refusesASegmentWithoutAZero() {
        for (int bytes : new int[] {0, 1, 9}) {
            MemorySegment segment = MemorySegment.ofArray("x".repeat(bytes).getBytes(StandardCharsets.UTF_8));
            assertThatThrownBy(() -> ZMalloc.zstring(segment))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no C string: no zero in " + bytes + " bytes");
            assertThatThrownBy(() -> ZMalloc.zstrlen(segment)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
