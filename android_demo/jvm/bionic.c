/* What ONNX Runtime's library for Android asks of Android's C library and the GNU C library has not, or under another name. */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>

/* Android's stdin, stdout and stderr. Whatever takes a stream is put before the GNU C library's, for it knows only its own. */
enum { STREAM = 152 };
char __sF[3 * STREAM];

static FILE *own(FILE *stream) {
    long at = (char *)stream - __sF;
    return at < 0 || at >= (long)sizeof __sF ? stream : at < STREAM ? stdin : at < 2 * STREAM ? stdout : stderr;
}
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
int fflush(FILE *stream) { return NEXT(fflush)(own(stream)); }
int fputc(int letter, FILE *stream) { return NEXT(fputc)(letter, own(stream)); }
int fputs(const char *text, FILE *stream) { return NEXT(fputs)(text, own(stream)); }
size_t fwrite(const void *data, size_t size, size_t count, FILE *stream) { return NEXT(fwrite)(data, size, count, own(stream)); }
int vfprintf(FILE *stream, const char *format, va_list arguments) { return NEXT(vfprintf)(own(stream), format, arguments); }
int fprintf(FILE *stream, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = vfprintf(stream, format, arguments);
    va_end(arguments);
    return written;
}

int *__errno(void) { return &errno; }
int __system_property_get(const char *name, char *value) { (void)name; *value = 0; return 0; }
void android_set_abort_message(const char *message) { fputs(message, stderr); }
size_t __strlen_chk(const char *text, size_t most) { (void)most; return strlen(text); }
char *__strchr_chk(const char *text, int letter, size_t most) { (void)most; return strchr(text, letter); }
char *__gnu_strerror_r(int number, char *buffer, size_t most) { return strerror_r(number, buffer, most); }
int __FD_ISSET_chk(int fd, const fd_set *set, size_t most) { (void)most; return FD_ISSET(fd, set); }
void __FD_SET_chk(int fd, fd_set *set, size_t most) { (void)most; FD_SET(fd, set); }
int __android_log_write(int level, const char *tag, const char *text) { (void)level; return fprintf(stderr, "%s: %s\n", tag, text); }
int __android_log_vprint(int level, const char *tag, const char *format, va_list arguments) {
    (void)level;
    fprintf(stderr, "%s: ", tag);
    return vfprintf(stderr, format, arguments) + fprintf(stderr, "\n");
}
int __android_log_print(int level, const char *tag, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = __android_log_vprint(level, tag, format, arguments);
    va_end(arguments);
    return written;
}
