package dev.zmalloc.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.ProcessMemory;
import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.store.AccessRecorder;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.ResidentGuard;
import java.io.IOException;
import java.nio.file.Path;

/** The example of the README's section on what leaves a store, between the two marks. */
final class RemovalExample {
    private RemovalExample() {}

    static void run(Path trace) throws IOException {
        // README begin
        try (OffHeapStore store = OffHeapStore.builder()
                        .maxMemory("64mb")
                        .evictionPolicy(EvictionPolicy.ALLKEYS_LFU)
                        .removalListener((cause, key, value) -> System.out.println(cause + " " + value.byteSize()))
                        .build();
                ResidentGuard guard = ResidentGuard.builder(store)
                        .maxResident("8gb")
                        .residentBytes(ProcessMemory::residentBytes)
                        .start();
                AccessRecorder recorder = AccessRecorder.start(store, trace)) {
            byte[] key = "ada".getBytes(UTF_8);
            store.put(key, new byte[100]);
            store.eviction().protect(key); // not evicted, until unprotect(key)
            System.out.println(store.eviction().accessFrequency(key).getAsInt()); // 5: new
            store.put(key, new byte[200]); // the listener prints REPLACED 100
            System.out.println(guard.isEvicting() + " " + recorder.dropped()); // false 0
        }
        // README end
    }
}
