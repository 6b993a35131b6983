package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.tc_version_fn;
import java.util.List;

/** tcmalloc of gperftools, known by its own names, which no other allocator can stand before. */
record TcmallocLibrary() implements LibraryKind {
    private static final String PROJECT = "gperftools";

    @Override
    public String name() {
        return TcmallocAllocator.NAME;
    }

    @Override
    public List<String> sonames() {
        return List.of("libtcmalloc_minimal.so.4", "libtcmalloc.so.4");
    }

    @Override
    public String installCure() {
        return "install gperftools, on Debian and Ubuntu the package libtcmalloc-minimal4"
                + " (libtcmalloc-minimal4t64 in newer releases)";
    }

    @Override
    public String anchor() {
        return "tc_version";
    }

    @Override
    public List<String> functions() {
        return TcmallocAllocator.FUNCTIONS;
    }

    @Override
    public String version(NativeLibrary library, String builtFrom) {
        try {
            String words =
                    Memory.cString((long) Downcalls.ordinary(library.find("tc_version"), tc_version_fn.descriptor())
                            .invokeExact(0L, 0L, 0L));
            return words.startsWith(PROJECT + " ") ? words.substring(PROJECT.length() + 1) + " of " + PROJECT : words;
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    @Override
    public Allocator bind(NativeLibrary library, Found found) {
        return TcmallocAllocator.of(library, found);
    }
}
