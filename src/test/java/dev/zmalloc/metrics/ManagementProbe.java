package dev.zmalloc.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.event.Telemetry;
import dev.zmalloc.store.OffHeapStore;
import java.util.Arrays;

/** Asks for what is optional in a JVM that may lack it, and uses a store all the same. */
public final class ManagementProbe {
    private ManagementProbe() {}

    /** Prints what came of each. */
    public static void main(String[] arguments) {
        byte[] key = "key".getBytes(UTF_8);
        boolean found;
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(1 << 20).build()) {
            print("refusal", ZMallocManagement::register);
            print("store-refusal", () -> StoreManagement.register(store, "probe"));
            print("meters-refusal", () -> new ZMallocMeters());
            print("store-meters-refusal", () -> StoreMeters.monitor(null, store, "probe", null));
            store.put(key, new byte[100]);
            found = Arrays.equals(store.get(key), new byte[100]);
        }
        System.out.println("records=" + Telemetry.present().isOn());
        System.out.println("works=" + (found && ZMalloc.zmallocUsedMemory() == 0));
    }

    private static void print(String name, Runnable use) {
        String refusal = "none";
        try {
            use.run();
        } catch (UnsupportedOperationException e) {
            refusal = e.getMessage();
        } catch (NoClassDefFoundError e) {
            // Whose line it is: the class loader's own frames do not count.
            String line = Arrays.stream(e.getStackTrace())
                    .filter(frame -> frame.getClassName().startsWith("dev.zmalloc"))
                    .findFirst()
                    .map(StackTraceElement::getClassName)
                    .orElse("nobody");
            refusal = e.getMessage() + " at " + line;
        } catch (NullPointerException e) {
            refusal = "found";
        }
        System.out.println(name + "=" + refusal);
    }
}
