package dev.zmalloc.ffi;

/** The C library of the process. */
public final class CLibrary {
    private static final String SONAME = "libc.so.6";

    private CLibrary() {}

    /**
     * The C library by its own handle, whose functions are found there even if a preloaded library has some of the same
     * name. One that is not the GNU one is an {@link UnsupportedOperationException}.
     */
    public static NativeLibrary open() {
        try {
            return NativeLibrary.find(LibraryLoader.open(SONAME), "", "gnu_get_libc_version")
                    .orElseThrow(() -> new UnsupportedOperationException(SONAME + " is not the GNU C library"));
        } catch (LibraryLoadException e) {
            throw new UnsupportedOperationException("no GNU C library in this process: " + e.words(), e);
        }
    }
}
