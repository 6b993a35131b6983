/** Tests of the jars as users get them: packaged, alone, on class and module path. */
package dev.zmalloc.artifact;
