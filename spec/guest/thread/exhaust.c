/*
** exhaust.c - threads until the memory is used up.
**
** SPDX-License-Identifier: Apache-2.0
*/
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>

static sem_t sem;
static int count;

static void *wait(void *arg) {
  sem_wait(&sem);
  count++;
  return arg;
}

int main(void) {
  pthread_t t[1000];
  int n = 0, error = 0;
  while (n < 1000 && !(error = pthread_create(&t[n], NULL, wait, NULL))) n++;
  if (error != EAGAIN || n < 50) return 1;
  for (int i = 0; i < n; i++) sem_post(&sem);
  for (int i = 0; i < n; i++) pthread_join(t[i], NULL);
  if (count != n) return 2;
  if (pthread_create(&t[0], NULL, wait, NULL)) return 3;
  sem_post(&sem);
  if (pthread_join(t[0], NULL)) return 4;
  puts("EAGAIN, and the rest goes on");
  return 0;
}
