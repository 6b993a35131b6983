package dev.zmalloc.ffi;

import java.util.Optional;

/**
 * A library in the process, seen through the names of its functions.
 *
 * @param handle of the dynamic linker; {@link LibraryLoader#PROCESS} if the library was there from the start
 * @param prefix before each of its names, such as {@code je_}; may be empty
 * @param file path that the dynamic linker reports
 * @param baseAddress where the file begins in memory
 */
public record NativeLibrary(long handle, String prefix, String file, long baseAddress) {
    /**
     * The library that has {@code anchor}, a function that only this kind of library has, named without the prefix,
     * searched through {@code handle}; empty if none has it.
     */
    public static Optional<NativeLibrary> find(long handle, String prefix, String anchor) {
        long address = LibraryLoader.symbol(handle, prefix + anchor);
        if (address == 0) {
            return Optional.empty();
        }
        return LibraryLoader.fileOf(address)
                .map(file -> new NativeLibrary(handle, prefix, file.path(), file.baseAddress()));
    }

    /**
     * The address of one of the library's functions, named without the prefix, or 0. A function of that name in another
     * file does not count: it would be another allocator's, or the C library's, which nearly every library depends on.
     */
    public long find(String name) {
        long address = LibraryLoader.symbol(handle, prefix + name);
        return address != 0 && isOwn(address) ? address : 0;
    }

    private boolean isOwn(long address) {
        return LibraryLoader.fileOf(address)
                .filter(file -> file.baseAddress() == baseAddress)
                .isPresent();
    }
}
