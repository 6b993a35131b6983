package dev.zmalloc.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class ProcessMemoryTest {
    @Test
    void readsTheResidentField() {
        assertThat(ProcessMemory.residentBytes("1594110 20480 6400 1 0 99 0\n", 4096))
                .hasValue(20480L * 4096);
        assertThat(ProcessMemory.residentBytes("", 4096)).isEmpty();
        assertThat(ProcessMemory.residentBytes("12 many", 4096)).isEmpty();
    }

    @Test
    void readsThePageSize() {
        ByteBuffer vector = ByteBuffer.allocate(48).order(ByteOrder.nativeOrder());
        vector.putLong(16).putLong(6).putLong(6).putLong(65_536).putLong(0).putLong(0);
        assertThat(ProcessMemory.pageBytes(vector.array())).hasValue(65_536);
        assertThat(ProcessMemory.pageBytes(new byte[40])).isEmpty();
        assertThat(ProcessMemory.pageBytes(new byte[3])).isEmpty();
    }

    @Test
    void knowsThisProcess() {
        assertThat(Long.bitCount(ProcessMemory.pageBytes().orElseThrow())).isOne();
        assertThat(ProcessMemory.residentBytes().orElseThrow()).isGreaterThan(10_000_000);
    }
}
