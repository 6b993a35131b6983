package dev.zmalloc.ffi;

import dev.zmalloc.ffi.abi.abort_fn;
import dev.zmalloc.ffi.abi.getenv_fn;
import dev.zmalloc.ffi.abi.setenv_fn;
import dev.zmalloc.ffi.abi.unsetenv_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The process that the JVM runs in: its environment, as C code sees it, and its end.
 *
 * <p>{@code System.getenv} reads a copy that Java takes once; what is set here shows in native libraries and not there.
 * The C library does not guard its environment against threads that read it meanwhile, so changes belong into start-up.
 */
public final class NativeProcess {
    private NativeProcess() {}

    /** Sets a variable of the environment, replacing any value it had. */
    public static void setEnvironment(String name, String value) {
        try (Arena arena = Arena.ofConfined()) {
            long nameAddress = arena.allocateFrom(name).address();
            long valueAddress = arena.allocateFrom(value).address();
            check("setenv", name, () -> (int) Functions.SETENV.invokeExact(nameAddress, valueAddress, 1));
        }
    }

    /** Takes a variable out of the environment, if it is there. */
    public static void unsetEnvironment(String name) {
        try (Arena arena = Arena.ofConfined()) {
            long nameAddress = arena.allocateFrom(name).address();
            check("unsetenv", name, () -> (int) Functions.UNSETENV.invokeExact(nameAddress));
        }
    }

    private static void check(String function, String variable, Downcalls.Call<Integer> call) {
        if (Downcalls.call(call) != 0) {
            throw new IllegalArgumentException(function + " refuses the variable " + variable);
        }
    }

    /** The value that a variable of the environment has now, or null. */
    public static @Nullable String environment(String name) {
        try (Arena arena = Arena.ofConfined()) {
            long nameAddress = arena.allocateFrom(name).address();
            long value = Downcalls.call(() -> (long) Functions.GETENV.invokeExact(nameAddress));
            return value == 0 ? null : Memory.cString(value);
        }
    }

    /**
     * Ends the process at once with {@code SIGABRT}: no shutdown hook runs and no stream is flushed. Does not return.
     */
    public static void abort() {
        try {
            Functions.ABORT.invokeExact();
        } catch (Throwable thrown) {
            throw Downcalls.unexpected(thrown);
        }
    }

    /** Resolved on first use, so that a program that never changes its environment does not pay for the handles. */
    private static final class Functions {
        private static final NativeLibrary LIBC = CLibrary.open();

        static final MethodHandle SETENV = function("setenv", setenv_fn.descriptor());
        static final MethodHandle UNSETENV = function("unsetenv", unsetenv_fn.descriptor());
        static final MethodHandle GETENV = function("getenv", getenv_fn.descriptor());
        static final MethodHandle ABORT = function("abort", abort_fn.descriptor());

        private Functions() {}

        private static MethodHandle function(String name, FunctionDescriptor descriptor) {
            return Downcalls.ordinary(LIBC.find(name), descriptor);
        }
    }
}
