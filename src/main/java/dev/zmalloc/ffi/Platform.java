package dev.zmalloc.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.Locale;

/** The platforms that the library runs on: Linux on x86-64 and aarch64, with the GNU C library. */
public final class Platform {
    private static final String OS_NAME = System.getProperty("os.name", "");
    private static final String OS_ARCH = System.getProperty("os.arch", "");

    private Platform() {}

    /**
     * Checks that this process runs on a platform whose data model, dynamic linker and C library are the ones that the
     * bindings assume, and in a JVM that lets the library call native code.
     *
     * @throws UnsupportedOperationException if not; the message says what was found, and what helps
     */
    @SuppressWarnings("restricted") // whether it is allowed is the question
    public static void requireSupported() {
        boolean cpuKnown = OS_ARCH.equals("amd64") || OS_ARCH.equals("aarch64");
        if (!OS_NAME.equals("Linux") || !cpuKnown) {
            throw new UnsupportedOperationException(refusal(OS_NAME.toLowerCase(Locale.ROOT) + " on " + OS_ARCH));
        }
        // musl has no such function, and another dynamic linker than the one whose behaviour the loader relies on.
        if (Linker.nativeLinker().defaultLookup().find("gnu_get_libc_version").isEmpty()) {
            throw new UnsupportedOperationException(refusal("Linux with another C library"));
        }
        try {
            // Restricted like all that is called later, which would fail while classes are initialised.
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid());
        } catch (IllegalCallerException e) {
            Module module = Platform.class.getModule();
            throw new UnsupportedOperationException(
                    "the JVM was started with --illegal-native-access=deny: add --enable-native-access="
                            + (module.isNamed() ? module.getName() : "ALL-UNNAMED"),
                    e);
        }
    }

    /** Whether the processor is an aarch64; if not, it is an x86-64. */
    public static boolean isAarch64() {
        return OS_ARCH.equals("aarch64");
    }

    private static String refusal(String found) {
        return "zmalloc runs on Linux with the GNU C library, on x86-64 and aarch64; this is " + found;
    }
}
