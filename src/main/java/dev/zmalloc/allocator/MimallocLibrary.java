package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.mi_version_fn;
import java.util.List;

/** mimalloc, known by its own names, which no other allocator can stand before. */
record MimallocLibrary() implements LibraryKind {
    /** The first version whose blocks have a bound that is known. Before it, one large block could take 4 MiB. */
    private static final int FIRST_VERSION = 200;

    /** From here on a version has two digits for its second and its third number. */
    private static final int FIRST_LONG_VERSION = 10_000;

    @Override
    public String name() {
        return MimallocAllocator.NAME;
    }

    @Override
    public List<String> sonames() {
        return List.of("libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so.3", "libmimalloc.so");
    }

    @Override
    public String installCure() {
        return "install mimalloc, on Debian and Ubuntu the package libmimalloc2.0 (libmimalloc3 in newer releases)";
    }

    @Override
    public String anchor() {
        return "mi_version";
    }

    @Override
    public List<String> functions() {
        return MimallocAllocator.FUNCTIONS;
    }

    @Override
    public String version(NativeLibrary library, String builtFrom) {
        int version = number(library);
        String words = words(version);
        if (version < FIRST_VERSION) {
            throw new IllegalArgumentException("mimalloc " + words + " is too old, 2.0 is the first that serves");
        }
        return words;
    }

    /** 209 is 2.0.9, and 20203 is 2.2.3. */
    static String words(int version) {
        int base = version < FIRST_LONG_VERSION ? 10 : 100;
        return version / (base * base) + "." + version / base % base + "." + version % base;
    }

    private static int number(NativeLibrary library) {
        try {
            return (int) Downcalls.ordinary(library.find("mi_version"), mi_version_fn.descriptor())
                    .invokeExact();
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public Allocator bind(NativeLibrary library, Found found) {
        return MimallocAllocator.of(library, found);
    }
}
