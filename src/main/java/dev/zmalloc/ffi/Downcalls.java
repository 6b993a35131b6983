package dev.zmalloc.ffi;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes method handles of native functions that are known by address.
 *
 * <p>Pointers are passed and returned as {@code long}. Both platforms put pointers and 64-bit integers into the same
 * registers, and a {@code long} costs no object where a {@code MemorySegment} may.
 */
public final class Downcalls {
    private static final Linker LINKER = Linker.nativeLinker();

    private Downcalls() {}

    /**
     * A handle that calls the function at {@code address}.
     *
     * @param address of a function in a library that is never unloaded
     * @param descriptor its shape, as jextract generated it; pointers become {@code long}
     */
    @SuppressWarnings("restricted") // a call of native code is what is asked for
    public static MethodHandle ordinary(long address, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(function(address), withLongPointers(descriptor));
    }

    /**
     * Like {@link #ordinary}, without the thread's change of state around the call, which costs more than a look-up
     * itself.
     *
     * <p>While such a call runs, no safepoint can begin and the whole JVM waits for it. It is for functions that return
     * at once: that do not block, map memory, or call back into Java, which would end the JVM.
     */
    @SuppressWarnings("restricted") // a call of native code is what is asked for
    public static MethodHandle critical(long address, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(function(address), withLongPointers(descriptor), Linker.Option.critical(false));
    }

    /**
     * What to throw for a throwable that came out of a handle. Native functions throw nothing, so it is an error of the
     * JVM, which passes through as it is, or a defect here.
     */
    public static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        if (thrown instanceof RuntimeException exception) {
            return exception;
        }
        throw new AssertionError("a native call threw", thrown);
    }

    /** A call of a handle, which may throw anything as far as the compiler knows. */
    @FunctionalInterface
    public interface Call<R extends @Nullable Object> {
        /** Calls. */
        R call() throws Throwable;
    }

    /** What {@code call} answers. For calls that are rare: it costs an object. */
    public static <R extends @Nullable Object> R call(Call<R> call) {
        try {
            return call.call();
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    static FunctionDescriptor withLongPointers(FunctionDescriptor descriptor) {
        List<MemoryLayout> arguments = descriptor.argumentLayouts();
        MemoryLayout[] mapped = new MemoryLayout[arguments.size()];
        for (int index = 0; index < mapped.length; index++) {
            mapped[index] = withLongPointer(arguments.get(index));
        }
        Optional<MemoryLayout> result = descriptor.returnLayout();
        return result.isPresent()
                ? FunctionDescriptor.of(withLongPointer(result.get()), mapped)
                : FunctionDescriptor.ofVoid(mapped);
    }

    private static MemoryLayout withLongPointer(MemoryLayout layout) {
        return layout instanceof AddressLayout ? ValueLayout.JAVA_LONG : layout;
    }

    private static MemorySegment function(long address) {
        return Memory.segment(address, 0);
    }
}
