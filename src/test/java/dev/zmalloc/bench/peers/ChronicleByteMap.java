package dev.zmalloc.bench.peers;

import net.openhft.chronicle.map.ChronicleMap;
import org.jspecify.annotations.Nullable;

/**
 * Chronicle Map in memory, as its tutorial has it
 * (https://github.com/OpenHFT/Chronicle-Map/blob/ea/docs/CM_Tutorial.adoc): {@code entries} without a margin, and
 * constant sizes by sample where all are of one size. {@code putReturnsNull} is what the Javadoc of its builder asks
 * for where the old value is not used.
 */
final class ChronicleByteMap implements ByteMap {
    private final ChronicleMap<byte[], byte[]> map;

    ChronicleByteMap(int entries) {
        map = ChronicleMap.of(byte[].class, byte[].class)
                .name("peer")
                .entries(entries)
                .constantKeySizeBySample(new byte[KeyStream.KEY_BYTES])
                .constantValueSizeBySample(new byte[PeerBench.VALUE_BYTES])
                .putReturnsNull(true)
                .create();
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return map.get(key);
    }

    @Override
    public void put(byte[] key, byte[] value) {
        map.put(key, value);
    }

    @Override
    public long size() {
        return map.longSize();
    }

    @Override
    public void close() {
        map.close();
    }
}
