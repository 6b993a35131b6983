package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.OffHeapStore;

/** The example that the README shows, between the two marks. */
final class ReadmeExample {
    private ReadmeExample() {}

    public static void main(String[] arguments) {
        // README begin
        byte[] key = "ada".getBytes(UTF_8);
        try (OffHeapStore store = OffHeapStore.builder()
                .maxMemory(64 << 20)
                .evictionPolicy(EvictionPolicy.ALLKEYS_LRU)
                .build()) {
            store.put(key, "Ada Lovelace".getBytes(UTF_8)); // copied into native memory
            System.out.println(new String(store.get(key), UTF_8) + ", " + store.usedMemory() + " bytes used");
            System.out.println(store.<Long>read(key, value -> value.byteSize())); // read where it lies: 12
        }
        System.out.println(ZMalloc.zmallocUsedMemory()); // 0: all given back
        // README end
    }
}
